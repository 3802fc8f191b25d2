/**
 * The interpreter's side of a network with which it shares no memory. It blocks in a synchronous
 * request. Every such call takes milliseconds. So a receive fetches more bytes than the program
 * wants now, and every answer has the states of the sockets.
 */

import { EAGAIN, EBADF, EINTR, ETIMEDOUT } from "./errno.js";
import { packCall, unpackCall } from "./call_message.js";
import { POLL_ERR, POLL_HUP, POLL_NVAL, POLL_RD } from "./base.js";
import { SOCK_STREAM } from "./network.js";

/**
 * @import { Address, OptionValue } from "./server.js"
 */

/**
 * @typedef {{op: "open", family: number, type: number}
 *   | {op: "input"} | {op: "look"} | {op: "close all"}
 *   | {op: "wait", seen: number, timeout: number}
 *   | {op: "lookup", host: string, family: number}
 *   | {op: "call", handle: number, method: string, args: unknown[], room?: number}} Call
 *
 * @typedef {object} RemoteState The state of a socket.
 * @property {number} ready Its poll events.
 * @property {number} [room] How many bytes send() takes at once, where that is known.
 * @property {boolean} sent Whether all bytes were sent.
 * @property {boolean} [ended] Whether the peer sends no more.
 */

const READ_AHEAD = 256 * 1024;
/** The most that one call sends. */
const LARGEST_SEND = 256 * 1024;
/**
 * Milliseconds after which a call returns and is made again. Browsers end service workers that do
 * not answer for minutes.
 */
const LONGEST_CALL = 20_000;
/** Milliseconds between checks whether a program that computes was interrupted. */
const INTERVAL = 30;

export class RemoteNetwork {
  onWait = () => {};
  #call;
  #onInterrupt;
  #onTaken;
  /** @type {Map<number, RemoteSocket>} */
  #sockets = new Map();
  #seen = 0;
  /** @type {Record<number, RemoteState>} */
  #states = {};
  #fresh = false;
  /** Whether the program was interrupted and no wait has ended for it yet. */
  #interrupted = false;
  #called = 0;

  /**
   * @param {object} options
   * @param {(message: Uint8Array<ArrayBuffer>) => ArrayBuffer} options.call Makes a call and waits
   *   for the answer; see CallServer.
   * @param {() => void} options.onInterrupt Called when the program was interrupted.
   * @param {(bytes: number) => void} options.onTaken Gets the number of bytes of output that the
   *   page has taken so far.
   */
  constructor({ call, onInterrupt, onTaken }) {
    this.#call = call;
    this.#onInterrupt = onInterrupt;
    this.#onTaken = onTaken;
  }

  /** Makes a call; see CallServer. @param {Call} fields @param {Uint8Array} [payload] */
  call(fields, payload) {
    this.onWait();
    const { fields: answer, payload: bytes } = unpackCall(this.#call(packCall(fields, payload)));
    this.#called = performance.now();
    this.#seen = answer.seen;
    this.#states = answer.states;
    this.#fresh = true;
    this.#onTaken(answer.taken);
    if (answer.interrupted) {
      this.#interrupted = true;
      this.#onInterrupt();
    }
    return { ...answer, bytes };
  }

  /** @param {number} family @param {number} type */
  open(family, type) {
    const { result } = this.call({ op: "open", family, type });
    if (result > 0) this.#sockets.set(result, new RemoteSocket(this, result, type));
    return result;
  }

  openInput() {
    return this.get(this.adopt(this.call({ op: "input" }).result));
  }

  /** A stream socket for a handle. @param {number} handle */
  adopt(handle) {
    this.#sockets.set(handle, new RemoteSocket(this, handle, SOCK_STREAM));
    return handle;
  }

  /** @param {number} handle */
  get(handle) {
    return this.#sockets.get(handle);
  }

  /** @param {number} handle */
  forget(handle) {
    this.#sockets.delete(handle);
  }

  /** The state of a socket in the last answer. @param {number} handle */
  state(handle) {
    return this.#states[handle] ?? { ready: POLL_NVAL, sent: true };
  }

  /** @param {string} host @param {number} family */
  lookup(host, family) {
    return this.call({ op: "lookup", host, family });
  }

  /** The count of events so far. The states of the sockets are fetched again at intervals. */
  seen() {
    if (!this.takeFresh()) {
      this.call({ op: "look" });
      this.#fresh = false;
    }
    return this.#seen;
  }

  /** As Network.look(). */
  look() {}

  /** Whether there are new states since the last call. */
  takeFresh() {
    const fresh = this.#fresh;
    this.#fresh = false;
    return fresh;
  }

  /** @param {number} seen @param {number} deadline */
  wait(seen, deadline) {
    const rest = deadline - performance.now();
    if (rest <= 0) return -ETIMEDOUT;
    const waited = () => this.call({ op: "wait", seen, timeout: Math.min(rest, LONGEST_CALL) }).result;
    const result = this.#interrupted ? -EINTR : waited();
    if (result === -EINTR) this.#interrupted = false;
    return result === -ETIMEDOUT && performance.now() < deadline ? 0 : result;
  }

  /**
   * Checks at intervals whether the program was interrupted. A program that waits learns it from
   * its wait.
   */
  check() {
    if (performance.now() - this.#called >= INTERVAL) this.call({ op: "look" });
  }

  closeAll() {
    this.call({ op: "close all" });
    this.#interrupted = false;
    this.#sockets.clear();
  }
}

/**
 * A socket on the network's side. Its calls never wait. Every method returns a number: a result,
 * or -errno.
 */
export class RemoteSocket {
  /** Changes are not counted: the socket is polled each time. */
  changes = NaN;
  timeout = 0;
  /** @type {Address | null} */
  peer = null;
  localPort = 0;
  failure = "";
  #network;
  #stream;
  /** Received bytes that the program has not read yet. */
  #unread = new Uint8Array(0);
  #closed = false;

  /** @param {RemoteNetwork} network @param {number} handle @param {number} type */
  constructor(network, handle, type) {
    this.#network = network;
    this.handle = handle;
    this.#stream = type === SOCK_STREAM;
  }

  /** @param {string} host @param {number} port */
  bind(host, port) {
    return this.#call("bind", [host, port]).result;
  }

  /** @param {number} backlog */
  listen(backlog) {
    return this.#call("listen", [backlog]).result;
  }

  /** @param {string} host @param {number} port */
  connect(host, port) {
    return this.#call("connect", [host, port]).result;
  }

  accept() {
    const { result, peer } = this.#call("accept", []);
    const socket = result > 0 ? this.#network.get(this.#network.adopt(result)) : undefined;
    if (socket) socket.peer = peer;
    return result;
  }

  /** @param {Uint8Array} bytes @param {number} offset @param {number} length */
  recvInto(bytes, offset, length) {
    if (this.#closed) return -EBADF;
    if (length === 0 && this.#stream) return 0;
    if (this.#unread.length === 0) {
      if (this.#network.takeFresh() && this.poll(POLL_RD) === 0) return -EAGAIN;
      const { result, bytes: received } = this.#call("recvInto", [], { room: this.#stream ? Math.max(length, READ_AHEAD) : length });
      if (result <= 0) return result;
      if (!this.#stream) {
        bytes.set(received, offset);
        return result;
      }
      this.#unread = received;
    }
    const count = Math.min(length, this.#unread.length);
    bytes.set(this.#unread.subarray(0, count), offset);
    this.#unread = this.#unread.subarray(count);
    return count;
  }

  /** @param {Uint8Array} bytes @param {number} offset @param {number} length */
  send(bytes, offset, length) {
    let sent = 0;
    do {
      const piece = bytes.subarray(offset + sent, offset + Math.min(length, sent + LARGEST_SEND));
      const { result } = this.#call("send", [], {}, piece);
      if (result < 0) return sent > 0 ? sent : result;
      sent += result;
      if (result < piece.length) break;
    } while (sent < length);
    return sent;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} offset
   * @param {number} length
   * @param {string} host
   * @param {number} port
   */
  sendTo(bytes, offset, length, host, port) {
    return this.#call("sendTo", [host, port], {}, bytes.subarray(offset, offset + length)).result;
  }

  takeSendError() {
    return this.#call("takeSendError", []).result;
  }

  /** @param {number} mask */
  poll(mask) {
    if (this.#closed) return POLL_NVAL;
    const ready = this.#network.state(this.handle).ready & (mask | POLL_ERR | POLL_HUP | POLL_NVAL);
    return this.#unread.length > 0 ? ready | (mask & POLL_RD) : ready;
  }

  room() {
    return this.#network.state(this.handle).room ?? this.#call("room", []).result;
  }

  isSent() {
    return this.#network.state(this.handle).sent;
  }

  get ended() {
    return this.#network.state(this.handle).ended;
  }

  /** @param {string} name @param {OptionValue} value */
  setOption(name, value) {
    return this.#call("setOption", [name, value]).result;
  }

  close() {
    if (this.#closed) return 0;
    const { result } = this.#call("close", []);
    this.#closed = true;
    this.#network.forget(this.handle);
    return result;
  }

  /**
   * @param {string} method
   * @param {(string | number | OptionValue)[]} args
   * @param {Uint8Array} [payload]
   */
  #call(method, args, fields = {}, payload) {
    if (this.#closed) return { result: -EBADF };
    const answer = this.#network.call({ op: "call", handle: this.handle, method, args, ...fields }, payload);
    this.localPort = answer.localPort;
    this.failure = answer.failure;
    if (method !== "accept") this.peer = answer.peer;
    return answer;
  }
}
