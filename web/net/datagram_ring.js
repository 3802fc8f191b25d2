/**
 * Datagrams with their addresses in a ring of bytes. Each is the length of the data (u32), the port
 * (u16), the length of the address (u16), the address as text, and the data.
 */

/**
 * @typedef {{host: string, port: number, start: number, length: number}} Datagram A datagram in a
 *   ring. Its data begin `start` bytes after the reader's position.
 */

const HEADER = 8;
const LARGEST_ADDRESS = 256;
/** Largest payload of UDP over IPv4. */
export const LARGEST_DATAGRAM = 65507;
export const LARGEST_RECORD = HEADER + LARGEST_ADDRESS + LARGEST_DATAGRAM;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class DatagramRing {
  #ring;
  #header = new Uint8Array(HEADER);
  #view = new DataView(this.#header.buffer);
  #address = new Uint8Array(LARGEST_ADDRESS);

  /** @param {import("./ring.js").Ring} ring */
  constructor(ring) {
    this.#ring = ring;
  }

  get empty() {
    return this.#ring.used === 0;
  }

  get free() {
    return this.#ring.free;
  }

  /**
   * Appends a datagram; false if there is no room for all of it.
   *
   * @param {string} host
   * @param {number} port
   * @param {Uint8Array} bytes
   * @param {number} offset
   * @param {number} length
   */
  append(host, port, bytes, offset, length) {
    const address = encoder.encode(host).subarray(0, LARGEST_ADDRESS);
    const total = HEADER + address.length + length;
    if (total > this.#ring.free) return false;
    this.#view.setUint32(0, length);
    this.#view.setUint16(4, port);
    this.#view.setUint16(6, address.length);
    this.#ring.rewind();
    this.#ring.poke(0, this.#header, 0, HEADER);
    this.#ring.poke(HEADER, address, 0, address.length);
    this.#ring.poke(HEADER + address.length, bytes, offset, length);
    this.#ring.produced(total);
    return true;
  }

  /**
   * The next datagram. It stays in the ring.
   *
   * @returns {Datagram | null}
   */
  first() {
    if (this.#ring.used === 0) return null;
    this.#ring.peek(0, this.#header, 0, HEADER);
    const size = this.#view.getUint16(6);
    this.#ring.peek(HEADER, this.#address, 0, size);
    return {
      host: decoder.decode(this.#address.subarray(0, size)),
      port: this.#view.getUint16(4),
      start: HEADER + size,
      length: this.#view.getUint32(0),
    };
  }

  /**
   * Copies at most `length` bytes of a datagram from first().
   *
   * @param {Datagram} record
   * @param {Uint8Array} target
   * @param {number} offset
   * @param {number} length
   */
  copy(record, target, offset, length) {
    return this.#ring.peek(record.start, target, offset, Math.min(length, record.length));
  }

  /** Takes a datagram from first() out of the ring. @param {Datagram} record */
  drop(record) {
    this.#ring.consumed(record.start + record.length);
  }
}
