/** The errors of sockets. */

import { codeOf, messageOf } from "../net/errno.js";

/** `code` names the kind of failure, `cause` is the original error. */
export class SocketError extends Error {
  /**
   * @param {string} code "ECONNREFUSED", "ERR_TLS_CERTIFICATE", "MBEDTLS_ERR_SSL_CONN_EOF", …
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = "SocketError";
    this.code = code;
  }

  /**
   * Makes a SocketError of a transport's error, which has an errno's name as its code. Any other
   * error is a fault of this package or of the transport, and is returned unchanged.
   *
   * @param {unknown} error
   */
  static from(error) {
    const code = codeOf(error);
    if (error instanceof SocketError || code === undefined) return error;
    return new SocketError(code, messageOf(error), { cause: error });
  }

  /**
   * Makes a SocketError of the engine's error: a refused certificate, a failed handshake, or a peer
   * that broke the protocol.
   *
   * @param {unknown} error
   */
  static ofEngine(error) {
    const { name, message = "", errno } = /** @type {Partial<Error & {errno: number}>} */ (error ?? {});
    if (name === "MemoryError") return new SocketError("ENOMEM", message, { cause: error });
    if (name === "ValueError") return new SocketError(CERTIFICATE, message.trim(), { cause: error });
    const [code] = /MBEDTLS_ERR_\w+/.exec(message) ?? ["ERR_TLS"];
    return new SocketError(code, `TLS failed: ${message || errno}`, { cause: error });
  }
}

const CERTIFICATE = "ERR_TLS_CERTIFICATE";

/** Fails with the socket's error. @param {unknown} error @returns {never} */
export function raise(error) {
  throw SocketError.from(error);
}
