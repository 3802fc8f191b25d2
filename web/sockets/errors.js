/** What sockets fail with. */

/** `code` names the kind of failure, `cause` is what it came from. */
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
   * Of a transport's error, which has an errno's name as its code. Any other error is a fault of
   * ours or of the transport, and stays what it is.
   */
  static from(error) {
    if (error instanceof SocketError || typeof error?.code !== "string") return error;
    return new SocketError(error.code, error.message, { cause: error });
  }

  /**
   * Of the engine's error: a certificate that was refused, a failed handshake, a peer that broke
   * the protocol.
   */
  static ofEngine(error) {
    if (error.name === "ValueError") return new SocketError(CERTIFICATE, error.message.trim(), { cause: error });
    const [code] = /MBEDTLS_ERR_\w+/.exec(error.message) ?? ["ERR_TLS"];
    return new SocketError(code, `TLS failed: ${error.message || error.errno}`, { cause: error });
  }
}

const CERTIFICATE = "ERR_TLS_CERTIFICATE";
