/** A transport's connection without TLS, with the same methods as TlsStream. */

import { lend } from "../transports/transport.js";
import { raise } from "./errors.js";

export class PlainStream {
  #carrier;
  /** Received bytes for which the last reader had no room. @type {Uint8Array | null} */
  #rest = null;

  /** @param {import("../transports/transport.js").Connection} carrier */
  constructor(carrier) {
    this.#carrier = carrier;
  }

  /**
   * Gives the connection to another stream. @throws {TypeError} when received bytes were not read.
   */
  release() {
    if (this.#rest) throw new TypeError("read what came before TLS starts");
    return this.#carrier;
  }

  get info() {
    return { remoteAddress: this.#carrier.peer ?? null };
  }

  /** @param {Uint8Array} target */
  async read(target) {
    let count = 0;
    /** @param {Uint8Array} bytes */
    const take = (bytes) => {
      count = Math.min(bytes.length, target.length);
      target.set(bytes.subarray(0, count));
      this.#rest = count < bytes.length ? bytes.slice(count) : null;
    };
    if (this.#rest) take(this.#rest);
    else await lend(this.#carrier, take).catch(raise);
    return count;
  }

  /** @param {Uint8Array} bytes */
  async write(bytes) {
    await this.#carrier.write(bytes).catch(raise);
  }

  async end() {
    this.#carrier.end?.();
  }

  async close() {
    this.#carrier.close();
  }

  destroy() {
    this.#carrier.close();
  }
}
