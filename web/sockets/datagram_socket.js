/** Sockets of DTLS: Web streams whose chunks are datagrams. */

import { BaseSocket, asBytes } from "./base.js";

/** @extends {BaseSocket<import("./dtls_stream.js").DtlsStream>} */
export class DatagramSocket extends BaseSocket {
  /**
   * Received datagrams. Those that are not read in time are lost, as UDP allows. @type
   * {ReadableStream<Uint8Array>}
   */
  readable;
  /**
   * Datagrams to send: each chunk is one. Closing it closes the socket. @type
   * {WritableStream<Uint8Array>}
   */
  writable;

  /**
   * @param {(signal: AbortSignal) => Promise<import("./dtls_stream.js").DtlsStream>} open Opens the
   *   connection.
   * @param {AbortSignal} [signal] Aborts the connection.
   */
  constructor(open, signal) {
    super(open, signal);
    this.readable = new ReadableStream({ pull: (controller) => this.#pull(controller), cancel: () => void this.close() }, { highWaterMark: 0 });
    this.writable = new WritableStream({
      write: (chunk) => this.#write(chunk),
      close: () => this.close(),
      abort: (reason) => this.break(reason),
    });
  }

  /** @param {ReadableStreamDefaultController<Uint8Array>} controller */
  async #pull(controller) {
    const datagram = await this.attempt((stream) => (this.over ? null : stream.read()));
    if (datagram !== null) return controller.enqueue(datagram);
    controller.close();
    this.close(); // answers the peer's close_notify
  }

  /** @param {unknown} chunk */
  async #write(chunk) {
    const bytes = asBytes(chunk);
    await this.attempt((stream) => stream.write(bytes));
  }
}
