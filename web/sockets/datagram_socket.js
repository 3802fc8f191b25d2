/** Sockets of DTLS: Web streams whose chunks are datagrams. */

import { BaseSocket, asBytes } from "./base.js";

/** @extends {BaseSocket<import("./dtls_stream.js").DtlsStream>} */
export class DatagramSocket extends BaseSocket {
  /**
   * Datagrams that come. Those that nobody reads in time are lost, as UDP may lose them. @type
   * {ReadableStream<Uint8Array>}
   */
  readable;
  /**
   * Datagrams that go, a chunk each. Closing it closes the socket. @type
   * {WritableStream<Uint8Array>}
   */
  writable;

  /**
   * @param {(signal: AbortSignal) => Promise<import("./dtls_stream.js").DtlsStream>} open Opens the
   *   connection.
   * @param {AbortSignal} [signal] Breaks the connection off.
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
    this.close(); // a peer that has ended is answered
  }

  /** @param {unknown} chunk */
  async #write(chunk) {
    const bytes = asBytes(chunk);
    await this.attempt((stream) => stream.write(bytes));
  }
}
