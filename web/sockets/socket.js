/** Sockets of Web streams, as WinterTC's Sockets API has them. */

import { BaseSocket, asBytes } from "./base.js";
import { checkTlsOptions } from "./context.js";

/** The most bytes of one read, for readers without memory of their own. */
const READ_AT_ONCE = 64 * 1024;

/**
 * A TCP or TLS connection. `readable` makes the peer wait while the reader is slow. `writable`
 * makes the writer wait while the peer is slow.
 *
 * @typedef {import("./tls_stream.js").TlsStream | import("./plain_stream.js").PlainStream} Stream
 * @extends {BaseSocket<Stream>}
 */
export class Socket extends BaseSocket {
  #startTls;

  /**
   * Bytes from the peer. A reader may use memory of its own (`{ mode: "byob" }`). @type
   * {ReadableStream<Uint8Array<ArrayBuffer>>}
   */
  readable;
  /**
   * Bytes to the peer. Closing it sends the end of the stream; reading goes on. @type
   * {WritableStream<Uint8Array>}
   */
  writable;
  /** Whether startTls() was called: the socket that it returned has taken this one's place. */
  upgraded = false;

  /**
   * @param {(signal: AbortSignal) => Promise<Stream>} open Opens the connection.
   * @param {object} options
   * @param {"off" | "on" | "starttls"} options.secureTransport
   * @param {AbortSignal} [options.signal] Aborts the connection.
   * @param {(stream: Promise<Stream>, options: object) => Socket} [options.startTls] Makes a TLS
   *   socket of the connection.
   */
  constructor(open, { secureTransport, signal, startTls }) {
    super(open, signal);
    this.secureTransport = secureTransport;
    this.#startTls = startTls;
    this.readable = new ReadableStream(
      { type: "bytes", autoAllocateChunkSize: READ_AT_ONCE, pull: (controller) => this.#pull(controller), cancel: () => void this.close() },
      { highWaterMark: 0 },
    );
    this.writable = new WritableStream({
      write: (chunk) => this.#write(chunk),
      close: () => this.#finish(),
      abort: (reason) => this.break(reason),
    });
  }

  /**
   * Starts TLS on a socket that was made with `secureTransport: "starttls"`. This socket cannot be
   * used afterwards.
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
    if (this.over) throw new TypeError("startTls() needs a socket that is open");
    if (this.readable.locked || this.writable.locked) throw new TypeError("release the reader and the writer before startTls()");
    this.upgraded = true;
    this.leave();
    this.settle.resolve();
    return startTls(this.connection, options);
  }

  /** @param {ReadableByteStreamController} controller */
  async #pull(controller) {
    // Never null: the stream allocates memory for a reader without memory.
    const byobRequest = /** @type {ReadableStreamBYOBRequest} */ (controller.byobRequest);
    const view = /** @type {Uint8Array} */ (byobRequest.view);
    const count = await this.attempt((stream) => (this.over ? 0 : stream.read(view)));
    if (count === 0) controller.close();
    byobRequest.respond(count);
    if (count === 0) this.close(); // answers the peer's end of the stream
  }

  /** @param {unknown} chunk */
  async #write(chunk) {
    const bytes = asBytes(chunk);
    await this.attempt((stream) => stream.write(bytes));
  }

  async #finish() {
    await this.attempt((stream) => stream.end());
  }
}
