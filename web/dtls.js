/**
 * DTLS over a synchronous datagram transport, as `tls.js` does it for streams: every `send` is one datagram, every `recvInto` receives one.
 *
 * @typedef {object} DatagramTransport
 * @property {(bytes: Uint8Array, offset: number, length: number) => number} recvInto Bytes of the datagram received, or -errno.
 * @property {(bytes: Uint8Array, offset: number, length: number) => number} send Bytes sent, all of them, or -errno.
 * @property {number} [timeout] How long an operation may wait, in milliseconds: Infinity when blocking, 0 when non-blocking. Where it can be
 *   set, lost datagrams are repeated while a read waits; elsewhere whenever something is called.
 * @property {boolean} [direct] Runs nobody else's code, so that it may use the engine's memory itself; others are given copies.
 * @property {boolean} [exact] A program's own stream: 0 received is its end, and close sends nothing.
 */

import { TlsSocket } from "./tls.js";

const ETIMEDOUT = 110;

/** More than UDP carries. */
const LARGEST_DATAGRAM = 65536;

/** One end of a DTLS connection: each write is a datagram, each read (the rest of) one. */
export class DtlsSocket extends TlsSocket {
  /** @protected */
  now() {
    return performance.now();
  }

  /** @protected */
  receive() {
    const { connection, transport } = this;
    const count = this.#receiveInTime();
    if (count === null || this.connection === null) return 0;
    if (count < 0) return this.stopped(-count, false);
    if (count === 0 && transport.exact) connection.receivedEnd();
    else connection.received(count);
    return 0;
  }

  /** Receives a datagram, or -errno; null when it is time to call the operation again. */
  #receiveInTime() {
    const { transport } = this;
    const { timeout } = transport;
    const wait = timeout > 0 ? this.connection.wait(this.now(), timeout) : -1;
    if (wait < 0) return this.receiveOnce(LARGEST_DATAGRAM);
    if (wait === 0) return -ETIMEDOUT;
    transport.timeout = wait;
    try {
      const count = this.receiveOnce(LARGEST_DATAGRAM);
      return count === -ETIMEDOUT ? null : count;
    } finally {
      transport.timeout = timeout;
    }
  }

  /** @protected */
  part(length) {
    return length;
  }

  /** @protected */
  sendAll() {
    while (this.connection !== null && this.connection.toSendLength() > 0) {
      if (this.sendOnce() <= 0) return;
    }
  }
}
