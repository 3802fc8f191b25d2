/**
 * TCP sockets on the interpreter's side. Every method returns a number: a result, or -errno. None
 * throws.
 */

import {
  EAGAIN, EALREADY, EBADF, EDEADLK, EINPROGRESS, EINVAL, EISCONN, ENOMEM, ENOTCONN, EPIPE,
} from "./errno.js";
import {
  CONNECTED, ENDED, ERROR, FLUSHING, KICKED, PENDING, RX_HEAD, RX_START, RX_TAIL, STALLED, STATE, TX_HEAD, TX_START, TX_TAIL,
  socketViews, storeError,
} from "./layout.js";
import { BaseSocket, POLL_ERR, POLL_HUP, POLL_NVAL, POLL_RD, POLL_WR, UNSET } from "./base.js";
import { Ring } from "./ring.js";

/**
 * @import { Block } from "./layout.js"
 * @import { Network } from "./network.js"
 * @import { OptionValue } from "./server.js"
 */

export class StreamSocket extends BaseSocket {
  prompt = true;
  /** @type {"new" | "bound" | "listening" | "connecting" | "connected" | "closed"} */
  #phase = "new";
  /** @type {Block} */
  #memory = UNSET;
  /** @type {Int32Array} */
  #words = UNSET;
  /** @type {Ring} */
  #rx = UNSET;
  /** @type {Ring} */
  #tx = UNSET;
  /** The connection that accept() is about to return. @type {StreamSocket | null} */
  #accepting = null;
  /** Whether the connection's failure was reported. Later reads return the end of the stream. */
  #broken = false;

  /** A socket that reads the program's standard input. @param {Network} network */
  static input(network) {
    const socket = new StreamSocket(network, 0);
    if (!socket.#allocate()) return null;
    const id = network.adopt(socket);
    network.post({ op: "input", id, memory: socket.#memory });
    socket.#phase = "connected";
    return socket;
  }

  /**
   * Reserves the address; the port is taken by listen() or connect().
   *
   * @param {string} host
   * @param {number} port
   */
  bind(host, port) {
    if (this.#phase === "closed") return -EBADF;
    if (this.#phase !== "new") return -EINVAL;
    const answer = this.network.request({ op: "bind", id: this.handle, family: this.family, host, port });
    if (answer.error) return this.answered(answer);
    this.localPort = answer.value;
    this.#phase = "bound";
    return 0;
  }

  /** @param {number} backlog */
  listen(backlog) {
    if (this.#phase === "closed") return -EBADF;
    if (this.#phase === "listening") return 0;
    if (this.#phase !== "new" && this.#phase !== "bound") return -EINVAL;
    if (!this.#allocate()) return -ENOMEM;
    const answer = this.network.request({
      op: "listen", id: this.handle, family: this.family, backlog, memory: this.#memory,
    });
    if (answer.error) return this.answered(answer);
    if (answer.pending) this.expect(answer.pending, (failure) => this.#fail(failure));
    this.localPort = answer.value;
    this.#phase = "listening";
    return 0;
  }

  /** Returns the handle of a new connection. `peer` is then its address. */
  accept() {
    if (this.#phase === "closed") return -EBADF;
    if (this.#phase !== "listening") return -EINVAL;
    const deadline = this.deadline();
    for (;;) {
      const seen = this.network.seen();
      const failure = this.#takeError();
      if (failure) return failure;
      if (this.#accepting || Atomics.load(this.#words, PENDING) > 0) {
        this.#accepting ??= this.#newSocket();
        if (!this.#accepting) return -ENOMEM;
        const socket = this.#accepting;
        const { handle } = socket;
        const { value, error } = this.network.request({
          op: "accept", listener: this.handle, id: handle, memory: socket.#memory,
        });
        this.#accepting = null;
        if (!error) {
          socket.#phase = "connected";
          socket.peer = value;
          return handle;
        }
        this.network.forget(handle);
        if (error !== EAGAIN) return -error;
        continue;
      }
      const result = this.pause(seen, deadline);
      if (result !== 0) return result;
    }
  }

  /** @param {string} host @param {number} port */
  connect(host, port) {
    if (this.#phase === "closed") return -EBADF;
    if (this.#phase === "listening" || this.#phase === "connected") return -EISCONN;
    if (this.#phase === "connecting") return this.#connected() ? -EISCONN : this.#takeError() || -EALREADY;
    if (this.timeout !== 0 && !this.network.waits) return -EDEADLK;
    if (!this.#allocate()) return -ENOMEM;
    this.network.post({ op: "connect", id: this.handle, family: this.family, host, port, memory: this.#memory });
    this.#phase = "connecting";
    if (this.timeout === 0) return -EINPROGRESS;
    this.network.onConnecting();
    const deadline = this.deadline();
    for (;;) {
      const seen = this.network.seen();
      if (this.#connected()) return 0;
      const error = this.#takeError();
      if (error) return error;
      const result = this.network.wait(seen, deadline);
      if (result !== 0) return result;
    }
  }

  /**
   * Receives bytes. Returns their number, 0 at the end of the stream. Waits for the first byte
   * only.
   *
   * @param {Uint8Array} bytes
   * @param {number} offset
   * @param {number} length
   */
  recvInto(bytes, offset, length, peek = false) {
    const problem = this.#unusable(ENOTCONN);
    if (problem) return problem;
    if (length === 0) return 0;
    const deadline = this.deadline();
    for (;;) {
      const seen = this.network.seen();
      // The end is read before the ring, so that bytes that arrive in between are not missed.
      const ended = Atomics.load(this.#words, ENDED) !== 0;
      const count = peek ? this.#rx.peek(0, bytes, offset, length) : this.#rx.read(bytes, offset, length);
      if (count > 0) {
        if (!peek) this.#resume();
        return count;
      }
      if (ended) return this.#takeError();
      const result = this.pause(seen, deadline);
      if (result !== 0) return result;
    }
  }

  /**
   * Writes bytes to the send ring: all of them if the socket blocks, else as many as there is room
   * for.
   *
   * @param {Uint8Array} bytes
   * @param {number} offset
   * @param {number} length
   */
  send(bytes, offset, length) {
    const problem = this.#unusable(EPIPE);
    if (problem) return problem;
    const deadline = this.deadline();
    let sent = 0;
    while (sent < length) {
      const seen = this.network.seen();
      const error = this.#takeError() || (this.#broken ? -EPIPE : 0);
      if (error) return error;
      const count = this.#connected() ? this.#tx.write(bytes, offset + sent, length - sent) : 0;
      if (count > 0) {
        sent += count;
        this.#kick();
        continue;
      }
      const result = this.pause(seen, deadline);
      if (result !== 0) return sent > 0 ? sent : result;
    }
    return sent;
  }

  /** How many bytes send() takes at once, or -errno. */
  room() {
    const error = this.#unusable(EPIPE) || this.#takeError() || (this.#broken ? -EPIPE : 0);
    if (error) return error;
    return this.#connected() ? this.#tx.free : 0;
  }

  /** The number of received bytes that were not read yet. */
  get unread() {
    return this.#words === null ? 0 : this.#rx.used;
  }

  /** Whether the peer sends no more. */
  get ended() {
    return this.#words !== null && Atomics.load(this.#words, ENDED) !== 0;
  }

  /** Whether all bytes were sent. If not, the network announces when they are. */
  isSent() {
    if (!this.#words || this.#tx.used === 0 || Atomics.load(this.#words, ERROR) !== 0) return true;
    Atomics.store(this.#words, FLUSHING, 1);
    return this.#tx.used === 0;
  }

  /** @param {number} mask */
  poll(mask) {
    switch (this.#phase) {
      case "closed":
        return POLL_NVAL;
      case "new":
      case "bound":
        return (mask & POLL_WR) | POLL_HUP;
      case "listening":
        if (Atomics.load(this.#words, ERROR) !== 0) return (mask & POLL_RD) | POLL_ERR;
        return Atomics.load(this.#words, PENDING) > 0 ? mask & POLL_RD : 0;
    }
    const state = Atomics.load(this.#words, STATE);
    const both = mask & (POLL_RD | POLL_WR);
    if (this.#broken) return both | POLL_HUP;
    if (Atomics.load(this.#words, ERROR) !== 0) return both | POLL_ERR | POLL_HUP;
    if (state !== CONNECTED) return 0;
    let ready = 0;
    if (Atomics.load(this.#words, ENDED) !== 0 || this.#rx.used > 0) ready |= POLL_RD;
    if (this.#tx.free >= this.#tx.bytes.length / 4) ready |= POLL_WR;
    return ready & mask;
  }

  /** @param {string} name @param {OptionValue} value */
  setOption(name, value) {
    if (this.#phase === "closed") return -EBADF;
    const { error } = this.network.request({ op: "option", id: this.handle, name, value });
    return error ? -error : 0;
  }

  /** Ends the connection. Bytes that were written before are still sent. */
  close() {
    if (this.#phase === "closed") return 0;
    this.#phase = "closed";
    this.changes++; // waits for this socket check it again
    this.network.post({ op: "close", id: this.handle });
    this.network.forget(this.handle);
    if (this.#memory) this.network.pool.give(this.#memory);
    this.#memory = this.#words = this.#rx = this.#tx = UNSET;
    return 0;
  }

  /** A socket with its memory and its handle; null where there is no memory. */
  #newSocket() {
    const socket = new StreamSocket(this.network, this.family);
    if (!socket.#allocate()) return null;
    this.network.adopt(socket);
    return socket;
  }

  #allocate() {
    try {
      this.#memory ??= this.network.pool.take();
    } catch {
      return false;
    }
    const { words, rx, tx } = socketViews(this.#memory);
    this.#words = words;
    this.#rx = new Ring(words, RX_HEAD, RX_TAIL, RX_START, rx);
    this.#tx = new Ring(words, TX_HEAD, TX_TAIL, TX_START, tx);
    return true;
  }

  /** @param {number} error */
  #fail(error) {
    if (this.#words) storeError(this.#words, ERROR, error, "");
  }

  /** @param {number} unconnected */
  #unusable(unconnected) {
    switch (this.#phase) {
      case "closed":
        return -EBADF;
      case "connected":
      case "connecting":
        return 0;
      default:
        return -unconnected;
    }
  }

  #connected() {
    if (this.#phase === "connecting" && Atomics.load(this.#words, STATE) === CONNECTED) this.#phase = "connected";
    return this.#phase === "connected";
  }

  /**
   * Takes the failure of the connection; 0 for none. A refused socket may connect again.
   */
  #takeError() {
    const error = this.noted(this.#words, ERROR);
    if (error === 0) return 0;
    if (this.#phase === "connecting") this.#phase = "new";
    else this.#broken = true;
    return -error;
  }

  #kick() {
    if (Atomics.exchange(this.#words, KICKED, 1) === 0) this.network.post(this.handle);
  }

  #resume() {
    if (Atomics.load(this.#words, STALLED) === 0 || this.#rx.free < this.#rx.bytes.length / 2) return;
    if (Atomics.exchange(this.#words, STALLED, 0) === 1) this.network.post(this.handle);
  }
}
