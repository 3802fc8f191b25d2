/** The common part of stream and datagram sockets: how they open, close and break. */

import { ASYNC_DISPOSE } from "../dispose.js";
import { SocketError } from "./errors.js";

/**
 * @typedef {object} Connection A stream's or a datagram socket's connection.
 * @property {object} info The value of `opened`.
 * @property {() => Promise<void>} close Ends the connection when the written bytes are sent.
 * @property {() => void} destroy Ends the connection at once.
 */

/** @template {Connection} T */
export class BaseSocket {
  /** @type {Promise<T>} @protected */
  connection;
  #signal;
  /** Aborts a connection that is still opening. */
  #opening = new AbortController();
  /** Whether the socket was closed, or broke. @protected */
  over = false;
  /** Why the connection broke. @type {unknown} */
  #failure = null;
  /** @type {{resolve: () => void, reject: (error: unknown) => void}} @protected */
  settle = { resolve() {}, reject() {} };

  /**
   * Resolves with the peer's address and the negotiated TLS parameters. Rejects where the
   * connection cannot be opened.
   */
  opened;
  /**
   * Resolves when the socket is closed, and rejects when the connection broke. @type
   * {Promise<void>}
   */
  closed;

  /**
   * @param {(signal: AbortSignal) => Promise<T>} open Opens the connection.
   * @param {AbortSignal} [signal] Aborts the connection.
   */
  constructor(open, signal) {
    this.#signal = signal;
    this.closed = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    this.connection = open(this.#opening.signal);
    this.opened = this.attempt((connection) => /** @type {T["info"]} */ (connection.info));
    // A program that handles neither promise gets the error from the streams.
    for (const promise of [this.closed, this.opened]) promise.catch(() => {});
    signal?.addEventListener("abort", this.#abort);
    if (signal?.aborted) this.#abort();
  }

  /**
   * Closes both directions when the written bytes are sent.
   *
   * @returns {Promise<void>} As `closed`.
   */
  close() {
    if (!this.over) {
      this.leave();
      this.connection.then((connection) => connection.close()).then(this.settle.resolve, (error) => this.settle.reject(SocketError.from(error)));
    }
    return this.closed;
  }

  async [ASYNC_DISPOSE]() {
    await this.close().catch(() => {});
  }

  /**
   * Runs an operation on the connection. A failure breaks the socket.
   *
   * @template R
   * @param {(connection: T) => R | Promise<R>} operation
   * @returns {Promise<R>}
   * @protected
   */
  async attempt(operation) {
    try {
      const connection = await this.connection;
      if (this.#failure) throw this.#failure;
      return await operation(connection);
    } catch (error) {
      this.break(error);
      throw this.#failure ?? SocketError.from(error);
    }
  }

  /** @param {unknown} error @protected */
  break(error) {
    if (this.over) return;
    this.leave();
    this.#failure = SocketError.from(error);
    this.#opening.abort(this.#failure);
    this.connection.then((connection) => connection.destroy(), () => {});
    this.settle.reject(this.#failure);
  }

  /** @protected */
  leave() {
    this.over = true;
    this.#signal?.removeEventListener("abort", this.#abort);
  }

  #abort = () => this.break(new SocketError("ERR_ABORTED", "the socket was aborted", { cause: this.#signal?.reason }));
}

/**
 * @param {unknown} chunk @returns {Uint8Array} @throws {TypeError} for a chunk that is not bytes.
 */
export function asBytes(chunk) {
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new TypeError("a socket takes bytes: an ArrayBuffer or a view of one; text needs a TextEncoder");
}
