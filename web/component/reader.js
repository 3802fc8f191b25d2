/** The common part of the encodings of WebAssembly's modules and components. */

const decoder = new TextDecoder();

/** Reads the bytes of a module or component, or of a piece of one, from the first to the last. */
export class Reader {
  position = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
  }

  get atEnd() {
    return this.position >= this.bytes.length;
  }

  byte() {
    if (this.atEnd) throw new SyntaxError("this WebAssembly ends too early");
    return this.bytes[this.position++];
  }

  /** @param {number} length */
  take(length) {
    if (this.position + length > this.bytes.length) throw new SyntaxError("this WebAssembly ends too early");
    return this.bytes.subarray(this.position, (this.position += length));
  }

  /** An unsigned LEB128 number. */
  unsigned() {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  /** Skips a signed LEB128 number. */
  skipSigned() {
    while (this.byte() >= 0x80);
  }

  name() {
    return decoder.decode(this.take(this.unsigned()));
  }

  /**
   * A vector: its length, then its elements.
   *
   * @template T
   * @param {(reader: Reader, index: number) => T} read
   * @returns {T[]}
   */
  vector(read) {
    return Array.from({ length: this.unsigned() }, (_, index) => read(this, index));
  }
}
