/**
 * A synchronous transport carries the ciphertext of a connection. It is a socket of the network
 * channel, or a program's own stream.
 */

import { EOPNOTSUPP } from "./errno.js";

export class SyncTransport {
  /** Whether a receive must not ask for more bytes than the record needs. */
  exact = false;
  /**
   * Whether the transport runs no other code. It may then use the engine's memory itself; other
   * transports get copies.
   */
  direct = false;
  /** Whether an operation with `timeout` 0 returns at once and is cheap. */
  prompt = false;
  #timeout = Infinity;
  #raised = false;

  /**
   * How long an operation may wait, in milliseconds: Infinity when blocking, 0 when non-blocking,
   * undefined where the time cannot be set.
   *
   * @type {number | undefined}
   */
  get timeout() {
    return this.#timeout;
  }

  set timeout(milliseconds) {
    this.#timeout = milliseconds ?? Infinity;
  }

  /**
   * Whether the last result stands for an exception of the program. The connection goes on as if
   * the operation had not been called.
   */
  get raised() {
    return this.#raised;
  }

  set raised(raised) {
    this.#raised = raised;
  }

  /**
   * Receives to `bytes[offset..offset + length]`.
   *
   * @param {Uint8Array} bytes
   * @param {number} offset
   * @param {number} length
   * @returns {number} Bytes received, 0 at the end, or -errno.
   */
  recvInto(bytes, offset, length) {
    return -EOPNOTSUPP;
  }

  /**
   * Sends `bytes[offset..offset + length]`.
   *
   * @param {Uint8Array} bytes
   * @param {number} offset
   * @param {number} length
   * @returns {number} Bytes sent, at least 1, or -errno.
   */
  send(bytes, offset, length) {
    return -EOPNOTSUPP;
  }

}

/**
 * A transport of any class.
 *
 * @typedef {Pick<SyncTransport, "recvInto" | "send"> & Partial<SyncTransport>} SyncTransportLike
 */

/**
 * Runs an operation that may wait so many milliseconds, where the time can be set.
 *
 * @template T
 * @param {SyncTransportLike} transport
 * @param {number} milliseconds
 * @param {() => T} operation
 * @returns {T}
 */
export function within(transport, milliseconds, operation) {
  const { timeout } = transport;
  if (timeout === undefined) return operation();
  transport.timeout = milliseconds;
  try {
    return operation();
  } finally {
    transport.timeout = timeout;
  }
}

/**
 * Checks a transport that a user gave.
 *
 * @param {SyncTransportLike} given
 * @throws {TypeError} Names the method that is missing.
 */
export function checkTransport(given) {
  for (const name of /** @type {const} */ (["recvInto", "send"])) {
    if (typeof given?.[name] !== "function") throw new TypeError(`a transport needs a method ${name}()`);
  }
}
