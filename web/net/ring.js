/**
 * A ring of bytes in shared memory with one writer and one reader, each on a thread of its own.
 * Bytes that are written to an empty ring go to its beginning. So a ring that never holds many
 * bytes uses only a part of its memory.
 */

export class Ring {
  #words;
  #head;
  #tail;
  #start;
  #copy;

  /**
   * @param {Int32Array} words Where the positions are.
   * @param {number} head Index of the writer's position.
   * @param {number} tail Index of the reader's position.
   * @param {number} start Index of the position that lies at the beginning of `bytes`.
   * @param {Uint8Array} bytes The ring; its length must be a power of two.
   */
  constructor(words, head, tail, start, bytes) {
    this.#words = words;
    this.#head = head;
    this.#tail = tail;
    this.#start = start;
    this.bytes = bytes;
    this.#copy = bytes.buffer instanceof ArrayBuffer ? copy : copyShared;
  }

  /** Bytes that can be read. */
  get used() {
    return (Atomics.load(this.#words, this.#head) - Atomics.load(this.#words, this.#tail)) >>> 0;
  }

  /** Bytes that can be written. */
  get free() {
    return this.bytes.length - this.used;
  }

  /** Where the reader is, as an index into `bytes`. */
  get readIndex() {
    return this.#index(Atomics.load(this.#words, this.#tail));
  }

  /**
   * If the ring is empty, makes the next write go to its beginning. This is safe because the reader
   * uses no index before there is a byte to read.
   */
  rewind() {
    const head = Atomics.load(this.#words, this.#head);
    if (head === Atomics.load(this.#words, this.#tail)) Atomics.store(this.#words, this.#start, head);
  }

  /**
   * Contiguous memory for at most `length` of the next bytes. `produced` then passes the written
   * bytes to the reader.
   *
   * @param {number} length
   */
  space(length) {
    this.rewind();
    const at = this.#writeIndex;
    return this.bytes.subarray(at, Math.min(at + length, at + this.free, this.bytes.length));
  }

  /**
   * Appends as much of `source[offset..offset + length]` as there is room for. Returns the number
   * of bytes.
   *
   * @param {Uint8Array} source
   * @param {number} offset
   * @param {number} length
   */
  write(source, offset, length) {
    const count = Math.min(length, this.free);
    if (count > 0) {
      this.rewind();
      this.poke(0, source, offset, count);
      this.produced(count);
    }
    return count;
  }

  /**
   * Takes at most `length` bytes into `target[offset..]`. Returns the number of bytes.
   *
   * @param {Uint8Array} target
   * @param {number} offset
   * @param {number} length
   */
  read(target, offset, length) {
    const count = this.peek(0, target, offset, length);
    if (count > 0) this.consumed(count);
    return count;
  }

  /**
   * Copies at most `length` bytes, `skip` after the first, without taking them.
   *
   * @param {number} skip
   * @param {Uint8Array} target
   * @param {number} offset
   * @param {number} length
   */
  peek(skip, target, offset, length) {
    const { bytes } = this;
    const count = Math.min(length, this.used - skip);
    const at = (this.readIndex + skip) % bytes.length;
    const first = Math.min(count, bytes.length - at);
    this.#copy(target, offset, bytes, at, first);
    if (first < count) this.#copy(target, offset + first, bytes, 0, count - first);
    return count;
  }

  /**
   * Writes bytes `skip` after the last one, and does not pass them to the reader yet. The caller
   * has checked that there is room.
   *
   * @param {number} skip
   * @param {Uint8Array} source
   * @param {number} offset
   * @param {number} count
   */
  poke(skip, source, offset, count) {
    const { bytes } = this;
    const at = (this.#writeIndex + skip) % bytes.length;
    const first = Math.min(count, bytes.length - at);
    this.#copy(bytes, at, source, offset, first);
    if (first < count) this.#copy(bytes, 0, source, offset + first, count - first);
  }

  /** Passes bytes to the reader that `poke` has written. @param {number} count */
  produced(count) {
    Atomics.add(this.#words, this.#head, count);
  }

  /** Frees bytes that the reader has seen by `peek` or in `bytes`. @param {number} count */
  consumed(count) {
    Atomics.add(this.#words, this.#tail, count);
  }

  /** Where the writer is, as an index into `bytes`. */
  get #writeIndex() {
    return this.#index(Atomics.load(this.#words, this.#head));
  }

  /** @param {number} position */
  #index(position) {
    return ((position - Atomics.load(this.#words, this.#start)) >>> 0) % this.bytes.length;
  }
}

/**
 * The bytes of a word; the bytes that are copied at a time when their alignment has to change; and
 * the length below which bytes are copied with any alignment.
 */
const WORD = 8;
const PIECE = 16 * 1024;
const FEW = 256;

const aligned = new Uint8Array(PIECE + WORD);

/**
 * @param {Uint8Array} target
 * @param {number} to
 * @param {Uint8Array} source
 * @param {number} from
 * @param {number} count
 */
function copy(target, to, source, from, count) {
  target.set(source.subarray(from, from + count), to);
}

/**
 * Copies into or out of shared memory. V8 copies by words if source and target have the same
 * alignment. If not, it copies by bytes, which is seven times as slow. So the bytes are first
 * copied to memory of this thread, at the alignment of the other side.
 *
 * @param {Uint8Array} target
 * @param {number} to
 * @param {Uint8Array} source
 * @param {number} from
 * @param {number} count
 */
function copyShared(target, to, source, from, count) {
  const shift = (target.byteOffset + to) % WORD;
  if (count < FEW || (source.byteOffset + from) % WORD === shift) return copy(target, to, source, from, count);
  const at = source.buffer instanceof ArrayBuffer ? shift : (source.byteOffset + from) % WORD;
  for (let done = 0; done < count; done += PIECE) {
    const length = Math.min(PIECE, count - done);
    copy(aligned, at, source, from + done, length);
    copy(target, to + done, aligned, at, length);
  }
}
