/** Sockets of DTLS: Web streams whose chunks are datagrams. */

import { BaseSocket } from "./base.js";

/** @typedef {import("./dtls_stream.js").DtlsStream} DtlsStream */

/**
 * A DTLS connection. Datagrams that are not read in time are lost, as UDP allows. Closing
 * `writable` closes the socket.
 *
 * @extends {BaseSocket<DtlsStream>}
 */
export class DatagramSocket extends BaseSocket {
  /**
   * @param {(signal: AbortSignal) => Promise<DtlsStream>} open Opens the connection.
   * @param {AbortSignal} [signal] Aborts the connection.
   */
  constructor(open, signal) {
    super(open, DATAGRAMS, { signal });
  }
}

/** @type {import("./base.js").Kind<DtlsStream, Uint8Array | null>} */
const DATAGRAMS = {
  source: {},
  receive: (connection) => connection.read(),
  deliver: (datagram, controller) => controller.enqueue(datagram),
};
