/**
 * DTLS over a synchronous datagram transport, as `tls.js` does it for streams: every `send` is one datagram, every `recvInto` receives one.
 *
 * @typedef {object} DatagramTransport
 * @property {(bytes: Uint8Array, offset: number, length: number) => number} recvInto Bytes of the datagram received, or -errno.
 * @property {(bytes: Uint8Array, offset: number, length: number) => number} send Bytes sent, all of them, or -errno.
 * @property {number} [timeout] How long an operation may wait, in milliseconds: Infinity when blocking, 0 when non-blocking. Where it can be
 *   set, lost datagrams are repeated while a read waits; elsewhere whenever something is called.
 * @property {boolean} [exact] A program's own stream: 0 received is its end, and close sends nothing.
 */

import { TlsSocket } from "./tls.js";

const ETIMEDOUT = 110;

/** More than UDP carries. */
const LARGEST_DATAGRAM = 65536;

/** One end of a DTLS connection: each write is a datagram, each read (the rest of) one. */
export class DtlsSocket extends TlsSocket {
  /** Since when nothing was received, while something is waited for. */
  #waitingSince = null;

  /** @protected */
  now() {
    return performance.now();
  }

  /** @protected */
  receive() {
    const { connection, transport } = this;
    const count = this.#receiveInTime(connection.receiveSpace(LARGEST_DATAGRAM));
    if (count === null) return 0;
    this.#waitingSince = null;
    if (count < 0) return this.stopped(-count, false);
    if (count === 0 && transport.exact) connection.receivedEnd();
    else connection.received(count);
    return 0;
  }

  /** Receives a datagram, or -errno; null when it is time to repeat what was sent. */
  #receiveInTime(at) {
    const { connection, transport, engine } = this;
    const now = this.now();
    const { timeout } = transport;
    const patience = connection.nextTimeout(now);
    if (!(timeout > 0) || patience < 0) return transport.recvInto(engine.bytes(), at, LARGEST_DATAGRAM);
    this.#waitingSince ??= now;
    const left = this.#waitingSince + timeout - now;
    if (left <= 0) return -ETIMEDOUT;
    transport.timeout = Math.max(1, Math.min(left, patience));
    try {
      const count = transport.recvInto(engine.bytes(), at, LARGEST_DATAGRAM);
      return count === -ETIMEDOUT && patience < left ? null : count;
    } finally {
      transport.timeout = timeout;
    }
  }

  /** @protected */
  sendAll() {
    const { connection, transport, engine } = this;
    for (let length; (length = connection.toSendLength()) > 0; connection.sent()) {
      if (transport.send(engine.bytes(), connection.toSend(), length) < 0) return;
    }
  }
}
