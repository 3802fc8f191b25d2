/**
 * UDP sockets on the interpreter's side. Every method returns a number: a result, or -errno. None
 * throws.
 */

import { EBADF, EDESTADDRREQ, EINVAL, EMSGSIZE, ENOMEM, EOPNOTSUPP } from "./errno.js";
import {
  ERROR, KICKED, RX_HEAD, RX_START, RX_TAIL, SEND_ERROR, TX_HEAD, TX_START, TX_TAIL, socketViews, storeError,
} from "./layout.js";
import { BaseSocket, POLL_ERR, POLL_NVAL, POLL_RD, POLL_WR, UNSET } from "./base.js";
import { DatagramRing, LARGEST_DATAGRAM, LARGEST_RECORD } from "./datagram_ring.js";
import { Ring } from "./ring.js";

/**
 * @import { Block } from "./layout.js"
 * @import { OptionValue } from "./server.js"
 */

export class DatagramSocket extends BaseSocket {
  #closed = false;
  #connected = false;
  /** @type {Block | null} */
  #memory = null;
  /** Whether sendTo() has passed on its datagram and waits for the outcome. */
  #handedOver = false;
  /** @type {Int32Array} */
  #words = UNSET;
  /** @type {DatagramRing} */
  #rx = UNSET;
  /** @type {DatagramRing} */
  #tx = UNSET;

  /** @param {string} host @param {number} port */
  bind(host, port) {
    if (this.#closed) return -EBADF;
    if (this.#words) return -EINVAL;
    return this.#open(host, port);
  }

  /**
   * Sets the peer: send() sends to it, and only its datagrams are received.
   *
   * @param {string} host
   * @param {number} port
   */
  connect(host, port) {
    const problem = this.#ready();
    if (problem) return problem;
    const answer = this.network.request({ op: "associate", id: this.handle, host, port });
    if (answer.error) return this.answered(answer);
    if (answer.pending) this.expect(answer.pending, (failure) => this.#fail(failure));
    this.#connected = true;
    return 0;
  }

  listen() {
    return this.#closed ? -EBADF : -EOPNOTSUPP;
  }

  accept() {
    return this.#closed ? -EBADF : -EOPNOTSUPP;
  }

  /**
   * Receives the next datagram, cut to `length`. `peer` is then its sender.
   *
   * @param {Uint8Array} bytes
   * @param {number} offset
   * @param {number} length
   */
  recvInto(bytes, offset, length, peek = false) {
    const problem = this.#ready();
    if (problem) return problem;
    const deadline = this.deadline();
    for (;;) {
      const seen = this.network.seen();
      const error = this.#takeError();
      if (error !== 0) return error;
      const record = this.#rx.first();
      if (record !== null) {
        this.peer = record;
        const count = this.#rx.copy(record, bytes, offset, length);
        if (!peek) this.#rx.drop(record);
        return count;
      }
      const result = this.pause(seen, deadline);
      if (result !== 0) return result;
    }
  }

  /** @param {Uint8Array} bytes @param {number} offset @param {number} length */
  send(bytes, offset, length) {
    if (this.#closed) return -EBADF;
    if (!this.#connected) return -EDESTADDRREQ;
    return this.sendTo(bytes, offset, length, "", 0);
  }

  /**
   * Sends one datagram. A blocking socket waits until the host has taken the datagram, so that it
   * can return the error of this datagram.
   *
   * @param {Uint8Array} bytes
   * @param {number} offset
   * @param {number} length
   * @param {string} host
   * @param {number} port
   */
  sendTo(bytes, offset, length, host, port) {
    const problem = this.#ready();
    if (problem) return problem;
    if (length > LARGEST_DATAGRAM) return -EMSGSIZE;
    const deadline = this.deadline();
    while (!this.#handedOver) {
      const seen = this.network.seen();
      const error = this.#takeError();
      if (error !== 0) return error;
      if (this.#tx.append(host, port, bytes, offset, length)) break;
      const result = this.pause(seen, deadline);
      if (result !== 0) return result;
    }
    this.#handedOver = true;
    if (Atomics.exchange(this.#words, KICKED, 1) === 0) this.network.post(this.handle);
    while (this.timeout !== 0) {
      const seen = this.network.seen();
      if (this.#tx.empty) break;
      if (this.network.wait(seen, deadline) !== 0) break;
    }
    this.#handedOver = false;
    const error = this.timeout === 0 ? 0 : this.noted(this.#words, SEND_ERROR);
    return error !== 0 ? -error : length;
  }

  /** Whether all datagrams were sent. */
  isSent() {
    return !this.#words || this.#tx.empty;
  }

  /** Takes the errno of a datagram that could not be sent; 0 for none. */
  takeSendError() {
    return this.#words ? this.noted(this.#words, SEND_ERROR) : 0;
  }

  /** @param {number} mask */
  poll(mask) {
    if (this.#closed) return POLL_NVAL;
    if (!this.#words) return mask & POLL_WR;
    let ready = 0;
    if (!this.#rx.empty) ready |= POLL_RD;
    if (this.#tx.free >= LARGEST_RECORD) ready |= POLL_WR;
    ready &= mask;
    return Atomics.load(this.#words, ERROR) || Atomics.load(this.#words, SEND_ERROR) ? ready | POLL_ERR : ready;
  }

  /** @param {string} name @param {OptionValue} value */
  setOption(name, value) {
    if (this.#closed) return -EBADF;
    const { error } = this.network.request({ op: "option", id: this.handle, name, value });
    return error ? -error : 0;
  }

  close() {
    if (this.#closed) return 0;
    this.#closed = true;
    this.network.post({ op: "close", id: this.handle });
    this.network.forget(this.handle);
    if (this.#memory) this.network.pool.give(this.#memory);
    this.#memory = null;
    this.#words = this.#rx = this.#tx = UNSET;
    return 0;
  }

  /** @param {number} error */
  #fail(error) {
    if (this.#words) storeError(this.#words, ERROR, error, "");
  }

  /** Takes an error since the last operation, as -errno; 0 for none. */
  #takeError() {
    return -(this.noted(this.#words, SEND_ERROR) || this.noted(this.#words, ERROR));
  }

  /** Opens the socket on any port, unless bind() has opened it. Returns 0 or -errno. */
  #ready() {
    if (this.#closed) return -EBADF;
    return this.#words ? 0 : this.#open("", 0);
  }

  /** @param {string} host @param {number} port */
  #open(host, port) {
    try {
      this.#memory ??= this.network.pool.take();
    } catch {
      return -ENOMEM;
    }
    const answer = this.network.request({
      op: "datagram", id: this.handle, family: this.family, host, port, memory: this.#memory,
    });
    if (answer.error) return this.answered(answer);
    if (answer.pending) this.expect(answer.pending, (failure) => this.#fail(failure));
    this.localPort = answer.value;
    const { words, rx, tx } = socketViews(this.#memory);
    this.#words = words;
    this.#rx = new DatagramRing(new Ring(words, RX_HEAD, RX_TAIL, RX_START, rx));
    this.#tx = new DatagramRing(new Ring(words, TX_HEAD, TX_TAIL, TX_START, tx));
    return 0;
  }
}
