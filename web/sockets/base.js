/** The common part of stream and datagram sockets: their streams, and how they close and break. */

import { ASYNC_DISPOSE } from "../dispose.js";
import { SocketError } from "./errors.js";
import { Unsent } from "./unsent.js";

/**
 * @typedef {object} Connection A stream's or a datagram socket's connection.
 * @property {object} info The value of `opened`.
 * @property {(bytes: Uint8Array) => Promise<void>} write Resolves when more may be written.
 * @property {() => Promise<void>} close Ends the connection when the written bytes are sent.
 * @property {() => void} destroy Ends the connection at once.
 */

/**
 * How a kind of connection is read and ended.
 *
 * @template {Connection} T
 * @template R
 * @typedef {object} Kind
 * @property {UnderlyingSource | UnderlyingByteSource} source What is special about `readable`.
 * @property {(connection: T, controller: any) => Promise<R>} receive Resolves with what has
 *   arrived; with 0 or null at the end.
 * @property {(received: R, controller: any) => void} deliver Gives it to `readable`.
 * @property {(connection: T) => Promise<void>} [finish] Ends the direction to the peer. Without
 *   it, closing `writable` closes the socket.
 */

/**
 * @typedef {object} SocketOptions
 * @property {AbortSignal} [signal] Breaks the connection off.
 * @property {boolean} [allowHalfOpen] Whether `writable` outlives the end of `readable`.
 */

/** @template {Connection} T */
export class BaseSocket {
  #kind;
  #signal;
  #allowHalfOpen;
  /** @type {Promise<T>} */
  #connection;
  /** The connection when it is open. @type {T | null} */
  #open = null;
  /** Aborts a connection that is still opening. */
  #opening = new AbortController();
  /**
   * "closing": what was written before close() is being sent. "closed": the streams have ended.
   *
   * @type {"open" | "closing" | "closed" | "broken"}
   */
  #state = "open";
  /** Why the connection broke, or was given up. @type {unknown} */
  #failure = null;
  /** @type {{resolve: () => void, reject: (error: unknown) => void}} */
  #settle = { resolve() {}, reject() {} };

  /** The controllers of the streams. @type {any} */
  #reading;
  /** @type {any} */
  #writing;
  #pulling = false;
  #unsent = new Unsent();
  /** Whether `readable` is at its end, or was cancelled. */
  #readAll = false;
  /** Whether `writable` was closed. */
  #finished = false;

  /**
   * Resolves with the addresses and the negotiated TLS parameters. Rejects where the connection
   * cannot be opened, or is closed before it is open.
   */
  opened;
  /**
   * Resolves when the socket is closed, and rejects when the connection broke. @type
   * {Promise<void>}
   */
  closed;
  /** @type {ReadableStream} */
  readable;
  /** @type {WritableStream<Uint8Array>} */
  writable;

  /**
   * @param {(signal: AbortSignal) => Promise<T>} open Opens the connection.
   * @param {Kind<T, any>} kind
   * @param {SocketOptions} options
   */
  constructor(open, kind, { signal, allowHalfOpen = false }) {
    this.#kind = kind;
    this.#signal = signal;
    this.#allowHalfOpen = allowHalfOpen;
    this.closed = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    const source = {
      ...kind.source,
      start: (/** @type {any} */ controller) => void (this.#reading = controller),
      pull: () => this.#pull(),
      cancel: () => this.#cancelled(),
    };
    this.readable = new ReadableStream(source, { highWaterMark: 0 });
    const sink = {
      start: (/** @type {any} */ controller) => void (this.#writing = controller),
      write: (/** @type {unknown} */ chunk) => this.#write(chunk),
      close: () => this.#finish(),
      abort: (/** @type {unknown} */ reason) => this.#break(new SocketError("ERR_ABORTED", "writable was aborted", { cause: reason })),
    };
    this.writable = new WritableStream(sink, this.#unsent.strategy);
    this.#connection = open(this.#opening.signal);
    this.opened = this.#attempt((connection) => /** @type {T["info"]} */ ((this.#open = connection).info));
    // A program that handles neither promise gets the error from the streams.
    for (const promise of [this.closed, this.opened]) promise.catch(() => {});
    signal?.addEventListener("abort", this.#abort);
    if (signal?.aborted) this.#abort();
  }

  /**
   * Closes both directions when what was written before is sent. A connection that is still
   * opening, and to which nothing was written, is given up.
   *
   * @param {unknown} [reason] What later writes fail with.
   * @returns {Promise<void>} As `closed`.
   */
  close(reason = closedError()) {
    this.#begin(reason);
    return this.closed;
  }

  async [ASYNC_DISPOSE]() {
    await this.close().catch(() => {});
  }

  /** Whether close() was not called and the connection did not break. @protected */
  get usable() {
    return this.#state === "open";
  }

  /**
   * Ends this socket when what was written before is sent. The connection stays open.
   *
   * @returns {Promise<T>} The connection.
   * @protected
   */
  async handOver() {
    const connection = await this.#flushed();
    this.#end(new SocketError("ERR_CLOSED", "another socket has this connection now"));
    this.#settled();
    this.#settle.resolve();
    return connection;
  }

  /** @param {unknown} [reason] */
  #begin(reason) {
    if (this.#state === "open") this.#close(reason).catch((error) => this.#break(error));
  }

  /** @param {unknown} reason */
  async #close(reason) {
    if (this.#open || this.#unsent.any) {
      const connection = await this.#flushed();
      this.#end(reason);
      await connection.close();
    } else {
      this.#end(reason);
      this.#giveUp(reason);
    }
    this.#settled();
    this.#settle.resolve();
  }

  /** The connection, when what was written until now is sent. */
  async #flushed() {
    this.#state = "closing";
    await this.#unsent.flushed();
    const connection = await this.#connection;
    if (this.#failure) throw this.#failure;
    return connection;
  }

  /**
   * Ends both streams. @param {unknown} reason Why `writable` fails. Without one it fails at the
   * next write and can still be closed, as pipeTo() does.
   */
  #end(reason) {
    this.#state = "closed";
    if (reason !== undefined) this.#writing.error(reason);
    if (!this.#pulling) this.#endReading();
  }

  /** @param {unknown} error */
  #break(error) {
    if (this.#state === "broken") return;
    this.#state = "broken";
    this.#giveUp(SocketError.from(error));
    this.#reading.error(this.#failure);
    this.#writing.error(this.#failure);
    this.#unsent.over();
    this.#settled();
    this.#settle.reject(this.#failure);
  }

  /** Ends the connection at once, also where it is still opening. @param {unknown} reason */
  #giveUp(reason) {
    this.#failure = reason;
    this.#opening.abort(reason);
    this.#connection.then((connection) => connection.destroy(), () => {});
  }

  #settled() {
    this.#signal?.removeEventListener("abort", this.#abort);
  }

  #abort = () => this.#break(new SocketError("ERR_ABORTED", "the socket was aborted", { cause: this.#signal?.reason }));

  async #pull() {
    this.#pulling = true;
    const controller = this.#reading;
    try {
      const received = this.#state !== "closed" && (await this.#attempt((connection) => this.#kind.receive(connection, controller)));
      if (!received) this.#endReading();
      else if (!this.#readAll) this.#kind.deliver(received, controller);
    } catch (error) {
      if (this.#state !== "closed") throw error;
      this.#endReading(); // close() ended a read that waited
    } finally {
      this.#pulling = false;
    }
  }

  #endReading() {
    if (!this.#readAll) {
      this.#reading.close();
      this.#reading.byobRequest?.respond(0);
    }
    this.#readAll = true;
    if (!this.#allowHalfOpen || this.#finished) this.#begin();
  }

  #cancelled() {
    this.#readAll = true;
    if (this.#finished) this.#begin();
  }

  /** @param {unknown} chunk */
  async #write(chunk) {
    try {
      const bytes = asBytes(chunk);
      if (this.#state === "closed") throw closedError();
      await this.#attempt((connection) => connection.write(bytes));
      this.#unsent.sent();
    } catch (error) {
      this.#unsent.over();
      throw error;
    }
  }

  async #finish() {
    const { finish } = this.#kind;
    this.#finished = true;
    if (finish && this.#state !== "closed") await this.#attempt(finish);
    this.#unsent.over();
    if (!finish || this.#readAll) await this.close();
  }

  /**
   * Runs an operation on the connection. A failure breaks the socket.
   *
   * @template R
   * @param {(connection: T) => R | Promise<R>} operation
   * @returns {Promise<R>}
   */
  async #attempt(operation) {
    try {
      const connection = this.#open ?? (await this.#connection);
      if (this.#failure) throw this.#failure;
      return await operation(connection);
    } catch (error) {
      if (this.#state !== "closed") this.#break(error);
      throw this.#failure ?? SocketError.from(error);
    }
  }
}

function closedError() {
  return new SocketError("ERR_CLOSED", "the socket is closed");
}

/**
 * @param {unknown} chunk @returns {Uint8Array} @throws {TypeError} for a chunk that is not bytes.
 */
function asBytes(chunk) {
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new TypeError("a socket takes bytes: an ArrayBuffer or a view of one; text needs a TextEncoder");
}
