/** Pieces on their way from whoever produces them to the one who reads them. */

export class Queue {
  #pieces = [];
  #readers = [];
  #roomSeekers = [];
  /** How it ends: null at the end of the stream, an error where it broke. @type {undefined | null | Error} */
  #end;

  /**
   * @param {object} [options]
   * @param {number} [options.limit] Bytes from which on `room()` waits.
   * @param {(bytes: number) => void} [options.onTaken] Called when a piece of so many bytes was read.
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

  /** Whether nothing can be added any more. */
  get ended() {
    return this.#end !== undefined;
  }

  /** Adds a piece, which must not be changed afterwards. */
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

  /** Ends it; what is in it can still be read. With an error, reading fails after that. */
  end(error = null) {
    if (this.ended) return;
    this.#end = error;
    for (const reader of this.#readers.splice(0)) this.#settle(reader);
    this.#letIn();
  }

  /** Ends it and drops what is in it. */
  discard(error = null) {
    this.#pieces = [];
    this.size = 0;
    this.end(error);
  }

  /** The next piece, or null at the end. @returns {Promise<any>} */
  read() {
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject };
      if (this.#pieces.length > 0) {
        const piece = this.#pieces.shift();
        this.size -= lengthOf(piece);
        resolve(piece);
        this.onTaken(lengthOf(piece));
        if (this.size < this.limit) this.#letIn();
      } else if (this.ended) this.#settle(reader);
      else this.#readers.push(reader);
    });
  }

  /** Resolves when less than `limit` bytes wait, or when it has ended. */
  room() {
    if (this.size < this.limit || this.ended) return Promise.resolve();
    return new Promise((resolve) => this.#roomSeekers.push(resolve));
  }

  #settle({ resolve, reject }) {
    if (this.#end === null) resolve(null);
    else reject(this.#end);
  }

  #letIn() {
    for (const resolve of this.#roomSeekers.splice(0)) resolve();
  }
}

function lengthOf(piece) {
  return piece.byteLength ?? piece.length ?? 0;
}
