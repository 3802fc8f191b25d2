/**
 * MD5 and SHA-1. MicroPython's npm build lacks them, and protocols need them: WebSocket's
 * handshake, HTTP digest authentication. RFC 1321, RFC 3174.
 */

const BLOCK = 64;

/** @typedef {(state: Int32Array, word: (index: number) => number) => void} Compress One block. */

/** @param {string} name @returns {Hash | null} null for an unknown name. */
export function createHash(name) {
  if (name === "md5") return new Hash([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476], md5Block, true);
  if (name === "sha1") return new Hash([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0], sha1Block, false);
  return null;
}

export class Hash {
  #state;
  #compress;
  #littleEndian;
  #block = new Uint8Array(BLOCK);
  #length = 0;

  /** @param {number[]} state @param {Compress} compress @param {boolean} littleEndian */
  constructor(state, compress, littleEndian) {
    this.#state = Int32Array.from(state, (word) => word | 0);
    this.#compress = compress;
    this.#littleEndian = littleEndian;
  }

  /** @param {Uint8Array} bytes */
  update(bytes) {
    for (let at = 0; at < bytes.length; ) {
      const used = this.#length % BLOCK;
      const count = Math.min(BLOCK - used, bytes.length - at);
      this.#block.set(bytes.subarray(at, at + count), used);
      this.#length += count;
      at += count;
      if (used + count === BLOCK) this.#digestBlock();
    }
  }

  /** @returns {Uint8Array} */
  digest() {
    const bits = this.#length * 8;
    const padding = new Uint8Array(((this.#length % BLOCK < 56 ? 56 : 120) - (this.#length % BLOCK)) + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    const [low, high] = [bits >>> 0, Math.floor(bits / 2 ** 32)];
    view.setUint32(padding.length - 8, this.#littleEndian ? low : high, this.#littleEndian);
    view.setUint32(padding.length - 4, this.#littleEndian ? high : low, this.#littleEndian);
    this.update(padding);
    const out = new DataView(new ArrayBuffer(this.#state.length * 4));
    this.#state.forEach((word, i) => out.setInt32(i * 4, word, this.#littleEndian));
    return new Uint8Array(out.buffer);
  }

  #digestBlock() {
    const view = new DataView(this.#block.buffer);
    this.#compress(this.#state, (i) => view.getInt32(i * 4, this.#littleEndian));
  }
}

/** @param {number} word @param {number} count */
const rotate = (word, count) => (word << count) | (word >>> (32 - count));

/** @type {Compress} */
function sha1Block(state, word) {
  const w = new Int32Array(80);
  for (let i = 0; i < 80; i++) w[i] = i < 16 ? word(i) : rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  let [a, b, c, d, e] = state;
  for (let i = 0; i < 80; i++) {
    const [f, k] =
      i < 20 ? [(b & c) | (~b & d), 0x5a827999]
      : i < 40 ? [b ^ c ^ d, 0x6ed9eba1]
      : i < 60 ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
      : [b ^ c ^ d, 0xca62c1d6];
    [a, b, c, d, e] = [(rotate(a, 5) + f + e + k + w[i]) | 0, a, rotate(b, 30), c, d];
  }
  [a, b, c, d, e].forEach((value, i) => (state[i] += value));
}

const MD5_SHIFTS = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
const MD5_SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0);

/** @type {Compress} */
function md5Block(state, word) {
  let [a, b, c, d] = state;
  for (let i = 0; i < 64; i++) {
    const [f, g] =
      i < 16 ? [(b & c) | (~b & d), i]
      : i < 32 ? [(d & b) | (~d & c), (5 * i + 1) % 16]
      : i < 48 ? [b ^ c ^ d, (3 * i + 5) % 16]
      : [c ^ (b | ~d), (7 * i) % 16];
    const sum = (a + f + MD5_SINES[i] + word(g)) | 0;
    [a, b, c, d] = [d, (b + rotate(sum, MD5_SHIFTS[i >> 4][i % 4])) | 0, b, c];
  }
  [a, b, c, d].forEach((value, i) => (state[i] += value));
}
