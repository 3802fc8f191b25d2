/** Sockets of Web streams, as WinterTC's Sockets API has them. */

import { BaseSocket } from "./base.js";
import { checkTlsOptions } from "./context.js";

/** The most bytes of one read, for readers without memory of their own. */
const READ_AT_ONCE = 64 * 1024;

/**
 * A TCP or TLS connection. `readable` makes the peer wait while the reader is slow. A reader may
 * use memory of its own (`{ mode: "byob" }`). `writable` makes the writer wait while the peer is
 * slow. Closing it sends the end of the stream, and reading goes on.
 *
 * @typedef {import("./tls_stream.js").TlsStream | import("./plain_stream.js").PlainStream} Stream
 * @extends {BaseSocket<Stream>}
 */
export class Socket extends BaseSocket {
  #startTls;

  /** Whether startTls() was called: the socket that it returned has taken this one's place. */
  upgraded = false;

  /**
   * @param {(signal: AbortSignal) => Promise<Stream>} open Opens the connection.
   * @param {object} options
   * @param {"off" | "on" | "starttls"} options.secureTransport
   * @param {AbortSignal} [options.signal] Aborts the connection.
   * @param {boolean} [options.allowHalfOpen] Whether `writable` outlives the end of `readable`.
   * @param {(stream: Promise<Stream>, options: object) => Socket} [options.startTls] Makes a TLS
   *   socket of the connection.
   */
  constructor(open, { secureTransport, signal, allowHalfOpen, startTls }) {
    super(open, BYTES, { signal, allowHalfOpen });
    this.secureTransport = secureTransport;
    this.#startTls = startTls;
  }

  /**
   * Starts TLS on a socket that was made with `secureTransport: "starttls"`, when what was written
   * before is sent. This socket cannot be used afterwards.
   *
   * @param {import("./connect.js").TlsOptions} [options] As of connect().
   * @returns {Socket} The socket to use instead.
   * @throws {TypeError} where the socket was not made for it, a reader or a writer holds it, or
   *   there is no such option.
   */
  startTls(options = {}) {
    checkTlsOptions(options);
    const startTls = this.#startTls;
    if (this.secureTransport !== "starttls" || !startTls) throw new TypeError('startTls() needs a socket with secureTransport: "starttls"');
    if (!this.usable) throw new TypeError("startTls() needs a socket that is open");
    if (this.readable.locked || this.writable.locked) throw new TypeError("release the reader and the writer before startTls()");
    this.upgraded = true;
    return startTls(this.handOver(), options);
  }
}

/** @type {import("./base.js").Kind<Stream, number>} */
const BYTES = {
  source: { type: "bytes", autoAllocateChunkSize: READ_AT_ONCE },
  // Its byobRequest is never null: the stream allocates memory for a reader without memory.
  receive: (stream, controller) => stream.read(controller.byobRequest.view),
  deliver: (count, controller) => controller.byobRequest.respond(count),
  finish: (stream) => stream.end(),
};
