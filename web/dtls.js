/**
 * DTLS over a synchronous datagram transport; `tls.js` has the same for streams. Every `send` sends
 * one datagram, and every `recvInto` receives one. Where the transport's timeout can be set, an
 * operation that waits retransmits lost datagrams. Elsewhere they are retransmitted whenever an
 * operation is called. A program's own stream is `exact`: 0 received bytes are its end, and close()
 * sends nothing.
 */

import { ETIMEDOUT } from "./net/errno.js";
import { within } from "./net/sync_transport.js";
import { TlsSocket } from "./tls.js";

/** More than UDP carries. */
const LARGEST_DATAGRAM = 65536;

/** One end of a DTLS connection: each write is a datagram, each read (the rest of) one. */
export class DtlsSocket extends TlsSocket {
  /** @protected */
  now() {
    return performance.now();
  }

  /** @protected @param {number} began */
  receive(began) {
    const connection = this.held();
    const count = this.#receiveInTime(began);
    if (count === null || this.connection === null) return 0;
    if (count < 0) return this.stopped(-count, false);
    if (count === 0 && this.transport.exact) connection.receivedEnd();
    else connection.received(count);
    return 0;
  }

  /**
   * Receives a datagram: its length or -errno. Null when it is time to call the engine's operation
   * again. The timeout is that of the whole operation, which began at `began`.
   *
   * @param {number} began
   */
  #receiveInTime(began) {
    const { transport } = this;
    const { timeout = 0 } = transport;
    if (timeout === 0) return this.receiveOnce(LARGEST_DATAGRAM);
    const wait = this.held().wait(this.now(), Math.ceil(began + timeout));
    if (wait === 0) return -ETIMEDOUT;
    const count = within(transport, wait, () => this.receiveOnce(LARGEST_DATAGRAM));
    return count === -ETIMEDOUT && wait !== Infinity ? null : count;
  }

  /** @protected @param {number} length */
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
