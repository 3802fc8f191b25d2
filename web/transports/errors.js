/**
 * Failures of transports: errors with a `code`, which is the name of an errno, as in Node's system
 * errors.
 */

import { messageOf } from "../net/errno.js";

export class TransportError extends Error {
  /**
   * @param {string} code "ECONNREFUSED", "ETIMEDOUT", ...: programs get OSError(111), OSError(110),
   *   ...
   * @param {string} message What failed, with the name of the wrong part.
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = "TransportError";
    this.code = code;
    /** The close code of the WebSocket, if its close was the reason. @type {number | undefined} */
    this.closeCode = undefined;
  }
}

/**
 * Any failure as an error with a `code`.
 *
 * @param {unknown} error
 * @param {string} [otherwise] The code of an error that has none.
 * @returns {Error & {code: string}}
 */
export function asTransportError(error, otherwise = "EIO") {
  const { code, name } = /** @type {Error & {code?: unknown}} */ (error ?? {});
  if (typeof code === "string") return /** @type {Error & {code: string}} */ (error);
  if (name === "AbortError") return new TransportError("ECONNABORTED", "aborted", { cause: error });
  return new TransportError(otherwise, messageOf(error), { cause: error });
}

/** Throws if `signal` was aborted. @param {AbortSignal} [signal] */
export function throwIfAborted(signal) {
  if (signal?.aborted) throw new TransportError("ECONNABORTED", "aborted", { cause: signal.reason });
}

/**
 * Settles as `promise` does, unless the signal or the timeout comes first.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {object} limits
 * @param {AbortSignal} [limits.signal]
 * @param {number} [limits.timeout] Milliseconds.
 * @param {string} [limits.what] What did not happen in time, for the message.
 * @returns {Promise<T>}
 */
export function within(promise, { signal, timeout, what = "no answer" }) {
  return new Promise((resolve, reject) => {
    const abort = () => finish(reject, new TransportError("ECONNABORTED", "aborted", { cause: signal?.reason }));
    const late = () => finish(reject, new TransportError("ETIMEDOUT", `${what} within ${timeout} ms`));
    const timer = timeout === undefined ? undefined : setTimeout(late, timeout);
    /**
     * @template V
     * @param {(value: V) => void} settle
     * @param {V} value
     */
    const finish = (settle, value) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      settle(value);
    };
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    promise.then((value) => finish(resolve, value), (error) => finish(reject, error));
  });
}
