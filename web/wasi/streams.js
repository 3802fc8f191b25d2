/**
 * wasi:io/streams and wasi:io/error: the common part of the streams of files, sockets and the
 * process.
 */

import { after } from "./poll.js";

/** @import { Pollable } from "./poll.js" */

/** WASI's limit for blocking-write-zeroes-and-flush. */
const MOST_ZEROES = 4096n;

/** Why an operation of a stream failed. */
export class IoError {
  #text;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  toDebugString() {
    return this.#text;
  }
}

/** A subclass has read(). If it may have to wait, it also has subscribe(). */
export class InputStream {
  /** @param {bigint} length @returns {Uint8Array} */
  read(length) {
    throw streamFailure();
  }

  /** @returns {Pollable} */
  subscribe() {
    throw new TypeError("this stream never waits");
  }

  /**
   * Waits for at least one byte. The next call may overwrite the bytes that were returned.
   *
   * @param {bigint} length
   * @returns {Uint8Array | Promise<Uint8Array>}
   */
  blockingRead(length) {
    const bytes = this.read(length);
    if (bytes.length > 0 || length === 0n) return bytes;
    return after(this.subscribe().block(), (outcome) => again(outcome, () => this.blockingRead(length)));
  }

  /** @param {bigint} length */
  skip(length) {
    return BigInt(this.read(length).length);
  }

  /** @param {bigint} length */
  blockingSkip(length) {
    return after(this.blockingRead(length), (bytes) => BigInt(bytes.length));
  }
}

/**
 * A subclass has checkWrite(), write() and flush(). If it may have to wait, it also has
 * subscribe().
 */
export class OutputStream {
  /** @returns {bigint} */
  checkWrite() {
    throw streamFailure();
  }

  /** @param {Uint8Array} bytes @returns {void | Promise<void>} */
  write(bytes) {
    throw streamFailure();
  }

  /** @returns {any} */
  blockingFlush() {}

  /** @returns {Pollable} */
  subscribe() {
    throw new TypeError("this stream never waits");
  }

  /** @param {bigint} length */
  writeZeroes(length) {
    if (length > this.checkWrite()) throw new RangeError("a write of more than the stream has room for");
    return this.write(new Uint8Array(Number(length)));
  }

  /** @param {Uint8Array} bytes @returns {any} */
  blockingWriteAndFlush(bytes) {
    const room = Number(this.checkWrite());
    if (room === 0) return after(this.subscribe().block(), (outcome) => again(outcome, () => this.blockingWriteAndFlush(bytes)));
    if (room >= bytes.length) return after(this.write(bytes), () => this.blockingFlush());
    return after(this.write(bytes.subarray(0, room)), () => this.blockingWriteAndFlush(bytes.subarray(room)));
  }

  /** @param {bigint} length */
  blockingWriteZeroesAndFlush(length) {
    if (length > MOST_ZEROES) throw new RangeError("a write of more zeroes than WASI allows at once");
    return this.blockingWriteAndFlush(new Uint8Array(Number(length)));
  }

  /** @param {InputStream} source @param {bigint} length */
  splice(source, length) {
    const room = this.checkWrite();
    const bytes = source.read(room < length ? room : length);
    return after(this.write(bytes), () => BigInt(bytes.length));
  }
}

/**
 * The value that a stream's operation throws: at the stream's end, or with the error that broke
 * it. @param {IoError | null} [error]
 */
export function streamFailure(error = null) {
  return error ? { tag: "last-operation-failed", val: error } : { tag: "closed" };
}

/**
 * Calls `next` after a wait that was not interrupted.
 *
 * @param {number} outcome
 * @param {() => any} next
 */
function again(outcome, next) {
  if (outcome !== 0) throw streamFailure(new IoError("interrupted"));
  return next();
}
