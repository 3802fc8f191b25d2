/**
 * A queue of pieces between a producer and a reader.
 *
 * @template Piece
 */
export class Queue {
  /** @type {Piece[]} */
  #pieces = [];
  /** @type {Reader<Piece>[]} */
  #readers = [];
  /** Writers that wait for room. @type {(() => void)[]} */
  #roomSeekers = [];
  /**
   * The end of the queue: null for the end of the stream, an error where it broke. @type
   * {undefined | null | Error}
   */
  #end;

  /**
   * @param {object} [options]
   * @param {number} [options.limit] The number of waiting bytes from which `room()` waits.
   * @param {(bytes: number) => void} [options.onTaken] Called when a piece of so many bytes was
   *   read.
   */
  constructor({ limit = Infinity, onTaken = () => {} } = {}) {
    this.limit = limit;
    this.onTaken = onTaken;
    /** Bytes that wait to be read. */
    this.size = 0;
  }

  /** How many pieces wait to be read. */
  get count() {
    return this.#pieces.length;
  }

  /** Whether the queue takes no more pieces. */
  get ended() {
    return this.#end !== undefined;
  }

  /** Adds a piece, which must not be changed afterwards. @param {Piece} piece */
  push(piece) {
    if (this.ended) return;
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve(piece);
      this.onTaken(lengthOf(piece));
    } else {
      this.#pieces.push(piece);
      this.size += lengthOf(piece);
    }
  }

  /**
   * Ends the queue. Its pieces can still be read. With an error, later reads fail.
   *
   * @param {Error | null} [error]
   */
  end(error = null) {
    if (this.ended) return;
    this.#end = error;
    for (const reader of this.#readers.splice(0)) this.#settle(reader);
    this.#letIn();
  }

  /**
   * Ends the queue. @param {Error | null} [error] @returns {Piece[]} Its pieces, which nobody reads
   * any more.
   */
  discard(error = null) {
    const dropped = this.#pieces;
    this.#pieces = [];
    this.size = 0;
    this.end(error);
    return dropped;
  }

  /** The next piece, or null at the end. @returns {Promise<Piece | null>} */
  read() {
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject };
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        this.size -= lengthOf(piece);
        resolve(piece);
        this.onTaken(lengthOf(piece));
        if (this.size < this.limit) this.#letIn();
      } else if (this.ended) this.#settle(reader);
      else this.#readers.push(reader);
    });
  }

  /**
   * Resolves when less than `limit` bytes wait, or when the queue has ended. @returns
   * {Promise<void>}
   */
  room() {
    if (this.size < this.limit || this.ended) return Promise.resolve();
    return new Promise((resolve) => this.#roomSeekers.push(resolve));
  }

  /** @param {Reader<Piece>} reader */
  #settle({ resolve, reject }) {
    if (this.#end === null) resolve(null);
    else reject(this.#end);
  }

  #letIn() {
    for (const resolve of this.#roomSeekers.splice(0)) resolve();
  }
}

/**
 * A reader that waits for a piece.
 *
 * @template Piece
 * @typedef {{resolve: (piece: Piece | null) => void, reject: (error: unknown) => void}} Reader
 */

/** @param {unknown} piece */
function lengthOf(piece) {
  const { byteLength, length } = /** @type {{byteLength?: number, length?: number}} */ (piece);
  return byteLength ?? length ?? 0;
}
