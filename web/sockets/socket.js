/** Sockets of Web streams, as WinterTC's Sockets API has them. */

import { SocketError } from "./errors.js";

/** The most that is read at once where the reader brings no memory, in bytes. */
const READ_AT_ONCE = 64 * 1024;

/**
 * A TCP or TLS connection. `readable` and `writable` hold their sender or writer back while the other side is slow.
 *
 * @typedef {import("./tls_stream.js").TlsStream | import("./plain_stream.js").PlainStream} Stream
 */
export class Socket {
  /** @type {Promise<Stream>} */
  #stream;
  #signal;
  #startTls;
  #over = false;
  /** Why the connection broke. @type {SocketError | null} */
  #failure = null;
  #settle;

  /** Resolves with the peer's address and what TLS agreed on; rejects where the connection cannot be opened. */
  opened;
  /** Resolves when the socket is closed, and rejects when the connection broke. @type {Promise<void>} */
  closed;
  /** What comes from the peer. A reader may bring memory of its own (`{ mode: "byob" }`). @type {ReadableStream<Uint8Array>} */
  readable;
  /** What goes to the peer. Closing it tells the peer that no more will come; reading goes on. @type {WritableStream<Uint8Array>} */
  writable;
  /** Whether startTls() was called: the socket that it returned has taken this one's place. */
  upgraded = false;

  /**
   * @param {Promise<Stream>} stream The connection, when it is open.
   * @param {object} options
   * @param {"off" | "on" | "starttls"} options.secureTransport
   * @param {AbortSignal} [options.signal] Breaks the connection off.
   * @param {(stream: Promise<Stream>, options: object) => Socket} [options.startTls] Makes a TLS socket of the connection.
   */
  constructor(stream, { secureTransport, signal, startTls }) {
    this.secureTransport = secureTransport;
    this.#stream = stream;
    this.#signal = signal;
    this.#startTls = startTls;
    this.closed = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.opened = stream.then(({ info }) => info);
    // Whoever does not look at them is told by the streams.
    for (const promise of [this.closed, this.opened]) promise.catch(() => {});
    stream.catch((error) => this.#break(error));
    this.readable = new ReadableStream(
      { type: "bytes", autoAllocateChunkSize: READ_AT_ONCE, pull: (controller) => this.#pull(controller), cancel: () => void this.close() },
      { highWaterMark: 0 },
    );
    this.writable = new WritableStream({
      write: (chunk) => this.#write(chunk),
      close: () => this.#finish(),
      abort: (reason) => this.#break(reason),
    });
    signal?.addEventListener("abort", this.#abort);
    if (signal?.aborted) this.#abort();
  }

  /**
   * Closes both directions when what was written is sent.
   *
   * @returns {Promise<void>} As `closed`.
   */
  close() {
    if (!this.#over) {
      this.#leave();
      this.#stream.then((stream) => stream.close()).then(this.#settle.resolve, (error) => this.#settle.reject(SocketError.from(error)));
    }
    return this.closed;
  }

  /**
   * Starts TLS on a socket that was made with `secureTransport: "starttls"`, which is not to be used any more.
   *
   * @param {import("./connect.js").TlsOptions} [options] As of connect().
   * @returns {Socket} A socket in its place.
   * @throws {TypeError} where the socket was not made for it, or a reader or a writer holds it.
   */
  startTls(options = {}) {
    if (this.secureTransport !== "starttls") throw new TypeError('startTls() needs a socket with secureTransport: "starttls"');
    if (this.#over) throw new TypeError("startTls() needs a socket that is open");
    if (this.readable.locked || this.writable.locked) throw new TypeError("release the reader and the writer before startTls()");
    this.upgraded = true;
    this.#leave();
    this.#settle.resolve();
    return this.#startTls(this.#stream, options);
  }

  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.close().catch(() => {});
  }

  async #pull(controller) {
    const { byobRequest } = controller;
    const count = await this.#attempt((stream) => (this.#over ? 0 : stream.read(byobRequest.view)));
    if (count === 0) controller.close();
    byobRequest.respond(count);
    if (count === 0) this.close(); // a peer that has ended is answered
  }

  async #write(chunk) {
    const bytes = asBytes(chunk);
    await this.#attempt((stream) => stream.write(bytes));
  }

  async #finish() {
    await this.#attempt((stream) => stream.end());
  }

  /** Does something with the connection; breaks the socket off where that fails. */
  async #attempt(operation) {
    try {
      const stream = await this.#stream;
      if (this.#failure) throw this.#failure;
      return await operation(stream);
    } catch (error) {
      this.#break(error);
      throw this.#failure ?? SocketError.from(error);
    }
  }

  #break(error) {
    if (this.#over) return;
    this.#leave();
    this.#failure = SocketError.from(error);
    this.#stream.then((stream) => stream.destroy(), () => {});
    this.#settle.reject(this.#failure);
  }

  #leave() {
    this.#over = true;
    this.#signal?.removeEventListener("abort", this.#abort);
  }

  #abort = () => this.#break(new SocketError("ERR_ABORTED", "the socket was aborted", { cause: this.#signal.reason }));
}

/** @throws {TypeError} for what is no bytes. */
function asBytes(chunk) {
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new TypeError("a socket takes bytes: an ArrayBuffer or a view of one; text needs a TextEncoder");
}
