/** A ring of bytes in shared memory with one writer and one reader, each on a thread of its own. */

export class Ring {
  #words;
  #head;
  #tail;

  /**
   * @param {Int32Array} words Where the positions are.
   * @param {number} head Index of the writer's position.
   * @param {number} tail Index of the reader's position.
   * @param {Uint8Array} bytes The ring; its length must be a power of two.
   */
  constructor(words, head, tail, bytes) {
    this.#words = words;
    this.#head = head;
    this.#tail = tail;
    this.bytes = bytes;
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
    return (Atomics.load(this.#words, this.#tail) >>> 0) % this.bytes.length;
  }

  /** Appends as much of `source[offset..offset + length]` as there is room for; returns how much that was. */
  write(source, offset, length) {
    const count = Math.min(length, this.free);
    if (count > 0) {
      this.poke(0, source, offset, count);
      this.produced(count);
    }
    return count;
  }

  /** Takes at most `length` bytes into `target[offset..]`; returns how many there were. */
  read(target, offset, length) {
    const count = this.peek(0, target, offset, length);
    if (count > 0) this.consumed(count);
    return count;
  }

  /** Copies at most `length` bytes, `skip` after the first, without taking them. */
  peek(skip, target, offset, length) {
    const { bytes } = this;
    const count = Math.min(length, this.used - skip);
    const at = (this.readIndex + skip) % bytes.length;
    const first = Math.min(count, bytes.length - at);
    target.set(bytes.subarray(at, at + first), offset);
    if (first < count) target.set(bytes.subarray(0, count - first), offset + first);
    return count;
  }

  /** Puts bytes `skip` after the last one without handing them over yet; the caller has looked that there is room. */
  poke(skip, source, offset, count) {
    const { bytes } = this;
    const at = ((Atomics.load(this.#words, this.#head) >>> 0) + skip) % bytes.length;
    const first = Math.min(count, bytes.length - at);
    bytes.set(source.subarray(offset, offset + first), at);
    if (first < count) bytes.set(source.subarray(offset + first, offset + count), 0);
  }

  /** Hands over bytes that were put by `poke`. */
  produced(count) {
    Atomics.add(this.#words, this.#head, count);
  }

  /** Gives up bytes that were seen by `peek` or in `bytes`. */
  consumed(count) {
    Atomics.add(this.#words, this.#tail, count);
  }
}
