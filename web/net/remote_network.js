/**
 * The interpreter's side of a network with which it shares no memory. What needs no result is
 * posted: opening, connecting, writing, closing. To wait and to get results the interpreter blocks
 * in a synchronous request, a call. A call takes milliseconds, and Chromium keeps some memory of
 * each until the program ends. So every answer has the states of all sockets and the bytes that
 * they have received.
 */

import { EAGAIN, EBADF, EALREADY, EINPROGRESS, EINTR, EISCONN, ETIMEDOUT } from "./errno.js";
import { READ_AHEAD, packCall, unpackCall } from "./call_message.js";
import { POLL_ERR, POLL_HUP, POLL_NVAL, POLL_RD, POLL_WR } from "./base.js";
import { unresolved } from "./local_network.js";
import { SOCK_STREAM } from "./network.js";

/**
 * @import { Address, OptionValue } from "./server.js"
 */

/**
 * The interpreter chooses the handles. In a call, `room` is for what recvInto() receives, and `as`
 * is the handle of what accept() returns.
 *
 * @typedef {{op: "look"} | {op: "close all"}
 *   | {op: "wait", seen: number, timeout: number}
 *   | {op: "call", handle: number, method: string, args: unknown[], room?: number, as?: number}}
 *   Call
 *
 * @typedef {object} Circumstances What every call tells.
 * @property {number} posted How many messages were posted before it, in all.
 * @property {number[]} full The handles of sockets that take no bytes with the answer.
 *
 * @typedef {{op: "open", handle: number, family: number, type: number}
 *   | {op: "input", handle: number}
 *   | {op: "do", handle: number, method: "connect" | "send" | "close", args: unknown[]}} Post
 *
 * @typedef {object} RemoteState The state of a socket.
 * @property {number} ready Its poll events.
 * @property {number} [room] How many bytes send() takes at once, where that is known.
 * @property {boolean} sent Whether all bytes were sent.
 * @property {boolean} [ended] Whether the peer sends no more.
 * @property {boolean} [over] Whether the peer sends no more and all of its bytes were received.
 */

/** The most messages that are posted without a call, so that the network can keep up. */
const MOST_POSTED = 1000;
/**
 * Milliseconds after which a call returns and is made again. Browsers end service workers that do
 * not answer for minutes.
 */
const LONGEST_CALL = 20_000;
/** Milliseconds between checks whether a program that computes was interrupted. */
const INTERVAL = 30;
/** Milliseconds after which the states are fetched again, for programs that poll and never wait. */
const OLD = 10;

export class RemoteNetwork {
  onWait = () => {};
  #call;
  #post;
  #onInterrupt;
  #onTaken;
  /** @type {Map<number, RemoteSocket>} */
  #sockets = new Map();
  #last = 0;
  #seen = 0;
  #posted = 0;
  /** The number of messages that were posted before the last call. */
  #called = 0;
  /** When the last call was answered. */
  #answered = 0;
  /** Whether the program was interrupted and no wait has ended for it yet. */
  #interrupted = false;

  /**
   * @param {object} options
   * @param {(message: Uint8Array<ArrayBuffer>) => ArrayBuffer} options.call Makes a call and waits
   *   for the answer of CallServer.answer().
   * @param {(message: Post, transfer: Transferable[]) => void} options.post Sends a message to
   *   CallServer.receive().
   * @param {() => void} options.onInterrupt Called when the program was interrupted.
   * @param {(bytes: number) => void} options.onTaken Gets the number of bytes of output that the
   *   page has taken so far.
   */
  constructor({ call, post, onInterrupt, onTaken }) {
    this.#call = call;
    this.#post = post;
    this.#onInterrupt = onInterrupt;
    this.#onTaken = onTaken;
  }

  /** Makes a call. @param {Call} fields @param {Uint8Array} [payload] */
  call(fields, payload) {
    this.onWait();
    const full = [...this.#sockets.values()].filter((socket) => socket.isFull).map(({ handle }) => handle);
    const { fields: answer, payload: bytes } = unpackCall(this.#call(packCall({ ...fields, full, posted: this.#posted }, payload)));
    this.#called = this.#posted;
    this.#answered = performance.now();
    this.#seen = answer.seen;
    for (const [handle, state] of answer.states) this.#sockets.get(handle)?.update(state);
    let at = 0;
    for (const [handle, count] of answer.received) this.#sockets.get(handle)?.received(bytes.subarray(at, (at += count)));
    this.#onTaken(answer.taken);
    if (answer.interrupted) {
      this.#interrupted = true;
      this.#onInterrupt();
    }
    return answer;
  }

  /**
   * Sends a message that has no answer. Calls after it are carried out after it.
   *
   * @param {Post} message
   * @param {Transferable[]} [transfer]
   */
  post(message, transfer = []) {
    if (this.#posted - this.#called >= MOST_POSTED) this.call({ op: "look" });
    this.#posted++;
    this.#post(message, transfer);
  }

  /** @param {number} family @param {number} type */
  open(family, type) {
    const { handle } = this.adopt(type);
    this.post({ op: "open", handle, family, type });
    return handle;
  }

  openInput() {
    const socket = this.adopt(SOCK_STREAM, true);
    this.post({ op: "input", handle: socket.handle });
    return socket;
  }

  /**
   * A socket with a new handle.
   *
   * @param {number} type
   * @param {boolean} [begun] Whether it is connected.
   */
  adopt(type, begun) {
    const socket = new RemoteSocket(this, ++this.#last, type, begun);
    this.#sockets.set(socket.handle, socket);
    return socket;
  }

  /** @param {number} handle */
  get(handle) {
    return this.#sockets.get(handle);
  }

  /** @param {number} handle */
  forget(handle) {
    this.#sockets.delete(handle);
  }

  lookup = unresolved;

  /** The count of events so far. */
  seen() {
    this.look();
    return this.#seen;
  }

  /** Fetches the states of the sockets again, if they are old. */
  look() {
    if (performance.now() - this.#answered >= OLD) this.call({ op: "look" });
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
    if (performance.now() - this.#answered >= INTERVAL) this.call({ op: "look" });
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
  /** As far as is known. @type {RemoteState} */
  #state;
  /** Whether it is connected, connects or listens. */
  #begun = false;
  /** The number of bytes that were posted since the state was fetched. */
  #posted = 0;
  /** Received bytes that the program has not read yet. @type {Uint8Array} */
  #unread = new Uint8Array(0);
  #closed = false;

  /**
   * @param {RemoteNetwork} network
   * @param {number} handle
   * @param {number} type
   * @param {boolean} [begun]
   */
  constructor(network, handle, type, begun = false) {
    this.#network = network;
    this.handle = handle;
    this.#stream = type === SOCK_STREAM;
    this.#state = { ready: this.#stream ? POLL_WR | POLL_HUP : POLL_WR, sent: true };
    if (begun) this.#begin();
  }

  /** Whether it takes no bytes before the program has read some. */
  get isFull() {
    return this.#unread.length > 0;
  }

  /** @param {RemoteState} state */
  update(state) {
    this.#state = state;
    this.#posted = 0;
  }

  /** Takes bytes that it has received. @param {Uint8Array} bytes */
  received(bytes) {
    this.#unread = bytes;
  }

  /** @param {string} host @param {number} port */
  bind(host, port) {
    return this.#call("bind", [host, port]).result;
  }

  /** @param {number} backlog */
  listen(backlog) {
    const { result } = this.#call("listen", [backlog]);
    if (result === 0) this.#begun = true;
    return result;
  }

  /** @param {string} host @param {number} port */
  connect(host, port) {
    if (this.#stream && !this.#begun && !this.#closed) {
      this.#do("connect", [host, port]);
      this.#begin();
      return -EINPROGRESS;
    }
    if (this.#stream && this.#isConnected) return -EISCONN;
    const { result } = this.#call("connect", [host, port]);
    // A socket that was refused may connect again.
    if (result !== -EALREADY && result !== -EISCONN) this.#begun = false;
    return result;
  }

  accept() {
    if (!this.#isReady(POLL_RD)) return -EAGAIN;
    const accepted = this.#network.adopt(SOCK_STREAM, true);
    const { result, peer } = this.#call("accept", [], { as: accepted.handle });
    accepted.peer = peer;
    if (result > 0) return accepted.handle;
    this.#network.forget(accepted.handle);
    return result;
  }

  /** @param {Uint8Array} bytes @param {number} offset @param {number} length */
  recvInto(bytes, offset, length) {
    if (this.#closed) return -EBADF;
    if (length === 0 && this.#stream) return 0;
    if (this.#unread.length === 0) {
      if (!this.#isReady(POLL_RD)) return -EAGAIN;
      if (this.#unread.length === 0) {
        if (this.#state.over) return 0;
        const { result, peer } = this.#call("recvInto", [], { room: this.#stream ? READ_AHEAD : length });
        if (result <= 0) return result;
        this.peer = peer;
      }
    }
    const count = Math.min(length, this.#unread.length);
    bytes.set(this.#unread.subarray(0, count), offset);
    this.#unread = this.#unread.subarray(count);
    return count;
  }

  /**
   * Posts bytes, as many as there is room for. What fails then shows at the next call.
   *
   * @param {Uint8Array} bytes
   * @param {number} offset
   * @param {number} length
   */
  send(bytes, offset, length) {
    if (!this.#stream) return this.#call("send", [], {}, bytes.subarray(offset, offset + length)).result;
    const room = this.room();
    if (room < 0 || length === 0) return Math.min(room, 0);
    if (room === 0) return -EAGAIN;
    const piece = bytes.slice(offset, offset + Math.min(length, room));
    const { length: count } = piece;
    this.#do("send", [piece, 0, count], [piece.buffer]);
    this.#posted += count;
    return count;
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
    let ready = this.#state.ready;
    if (this.#unread.length > 0) ready |= POLL_RD;
    if (this.#room === 0) ready &= ~POLL_WR;
    return ready & (mask | POLL_ERR | POLL_HUP | POLL_NVAL);
  }

  room() {
    if (this.#room === 0) this.#network.look();
    return this.#room ?? this.#call("room", []).result;
  }

  isSent() {
    // The network announces that bytes were sent only to those who have asked.
    if (this.#posted > 0) this.#network.call({ op: "look" });
    return this.#state.sent;
  }

  get ended() {
    return this.#state.ended;
  }

  /** @param {string} name @param {OptionValue} value */
  setOption(name, value) {
    return this.#call("setOption", [name, value]).result;
  }

  close() {
    if (this.#closed) return 0;
    this.#closed = true;
    this.#do("close", []);
    this.#network.forget(this.handle);
    return 0;
  }

  /** It connects or is connected. */
  #begin() {
    this.#begun = true;
    this.#state = { ready: 0, room: 0, sent: true };
  }

  get #isConnected() {
    return (this.#state.ready & (POLL_WR | POLL_ERR | POLL_HUP)) === POLL_WR;
  }

  /** How many bytes send() takes at once, where that is known. */
  get #room() {
    const { room } = this.#state;
    return room && Math.max(0, room - this.#posted);
  }

  /**
   * Whether one of the events is there, also after a look where the state is old.
   *
   * @param {number} mask
   */
  #isReady(mask) {
    if (this.poll(mask) === 0) this.#network.look();
    return this.poll(mask) !== 0;
  }

  /**
   * Has the network carry out a method without a result.
   *
   * @param {"connect" | "send" | "close"} method
   * @param {unknown[]} args
   * @param {Transferable[]} [transfer]
   */
  #do(method, args, transfer) {
    this.#network.post({ op: "do", handle: this.handle, method, args }, transfer);
  }

  /**
   * @param {string} method
   * @param {(string | number | OptionValue)[]} args
   * @param {{room?: number, as?: number}} [fields]
   * @param {Uint8Array} [payload]
   */
  #call(method, args, fields, payload) {
    if (this.#closed) return { result: -EBADF };
    const answer = this.#network.call({ op: "call", handle: this.handle, method, args, ...fields }, payload);
    this.localPort = answer.localPort;
    this.failure = answer.failure;
    return answer;
  }
}
