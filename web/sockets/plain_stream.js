/** A transport's connection without TLS, with the same methods as TlsStream. */

import { lend } from "../transports/transport.js";
import { addressesOf } from "./addresses.js";
import { raise } from "./errors.js";

/** @import { SocketInfo } from "../../types/index.js" */

export class PlainStream {
  #carrier;
  /** Received bytes for which the last reader had no room. @type {Uint8Array | null} */
  #rest = null;
  #reading = false;

  /** @param {import("../transports/transport.js").Connection} carrier */
  constructor(carrier) {
    this.#carrier = carrier;
  }

  /**
   * Gives the connection to another stream.
   *
   * @throws {TypeError} where received bytes were not read, or a read waits for bytes.
   */
  release() {
    if (this.#rest) throw new TypeError("read what came before TLS starts");
    if (this.#reading) throw new TypeError("a read waits for bytes that would be TLS'");
    return this.#carrier;
  }

  /** @returns {SocketInfo} */
  get info() {
    return addressesOf(this.#carrier);
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
    else {
      this.#reading = true;
      await lend(this.#carrier, take).catch(raise);
      this.#reading = false;
    }
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
