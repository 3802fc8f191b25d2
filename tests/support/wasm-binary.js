/** The encoding of wasm modules. */

/** Reads from a piece of a module. */
export class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.position = 0;
  }

  get atEnd() {
    return this.position >= this.bytes.length;
  }

  /** @returns {number} */
  byte() {
    if (this.atEnd) throw new Error("a module that ends too early");
    return this.bytes[this.position++];
  }

  /**
   * @param {number} length
   * @returns {Uint8Array}
   */
  take(length) {
    if (this.position + length > this.bytes.length) throw new Error("a module that ends too early");
    return this.bytes.subarray(this.position, (this.position += length));
  }

  /** @returns {number} An unsigned LEB128 number. */
  unsigned() {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  /** Skips a signed LEB128 number. */
  signed() {
    while (this.byte() >= 0x80);
  }

  /**
   * @template T
   * @param {(reader: Reader, index: number) => T} read
   * @returns {T[]} As many as the number at the beginning says.
   */
  vector(read) {
    return Array.from({ length: this.unsigned() }, (_, index) => read(this, index));
  }
}

/**
 * @param {number} value
 * @returns {number[]} The bytes of an unsigned LEB128 number.
 */
export function unsigned(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) + 0x80);
  return [...bytes, value];
}
