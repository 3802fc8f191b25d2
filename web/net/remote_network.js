/**
 * The interpreter's side of the network where it shares no memory with it and yet can block, in a synchronous call: sockets that are
 * elsewhere. Every call costs milliseconds, so what is received is read ahead, and every answer tells which sockets are ready.
 */

import { EBADF, ETIMEDOUT } from "./errno.js";
import { packCall, unpackCall } from "./call_message.js";
import { POLL_ERR, POLL_HUP, POLL_NVAL, POLL_RD } from "./base.js";
import { SOCK_STREAM } from "./network.js";

const READ_AHEAD = 256 * 1024;
/** The most that one call sends. */
const LARGEST_SEND = 256 * 1024;
/** Milliseconds after which a call comes back to be made again: browsers end service workers that do not answer for minutes. */
const LONGEST_CALL = 20_000;

export class RemoteNetwork {
  waits = true;
  resuming = false;
  suspends = false;
  onWait = () => {};
  /** Never called: the program's thread is in the call for as long as a connection is being opened. */
  onConnecting = () => {};
  #call;
  #onInterrupt;
  #onTaken;
  #sockets = new Map();
  #seen = 0;
  #ready = {};
  #fresh = false;

  /**
   * @param {object} options
   * @param {(message: Uint8Array) => ArrayBuffer} options.call Makes a call and waits for the answer; see CallServer.
   * @param {() => void} options.onInterrupt Called when the program was asked to stop.
   * @param {(bytes: number) => void} options.onTaken Told how many bytes of output the page has taken so far.
   */
  constructor({ call, onInterrupt, onTaken }) {
    this.#call = call;
    this.#onInterrupt = onInterrupt;
    this.#onTaken = onTaken;
  }

  /** Makes a call; see CallServer. */
  call(fields, payload) {
    this.onWait();
    const { fields: answer, payload: bytes } = unpackCall(this.#call(packCall(fields, payload)));
    this.#seen = answer.seen;
    this.#ready = answer.ready;
    this.#fresh = true;
    this.#onTaken(answer.taken);
    if (answer.interrupted) this.#onInterrupt();
    return { ...answer, bytes };
  }

  open(family, type) {
    const { result } = this.call({ op: "open", family, type });
    if (result > 0) this.#sockets.set(result, new RemoteSocket(this, result, type));
    return result;
  }

  openInput() {
    return this.adopt(this.call({ op: "input" }).result);
  }

  adopt(handle) {
    const socket = new RemoteSocket(this, handle, SOCK_STREAM);
    this.#sockets.set(handle, socket);
    return socket;
  }

  get(handle) {
    return this.#sockets.get(handle);
  }

  forget(handle) {
    this.#sockets.delete(handle);
  }

  /** What the last answer told of a socket's readiness. */
  ready(handle) {
    return this.#ready[handle] ?? POLL_NVAL;
  }

  lookup(host, family) {
    return this.call({ op: "lookup", host, family });
  }

  /** A mark of what happened so far. What is told of readiness is looked at again now and then. */
  seen() {
    if (!this.#fresh) this.call({ op: "look" });
    this.#fresh = false;
    return this.#seen;
  }

  wait(seen, deadline) {
    const rest = deadline - performance.now();
    if (rest <= 0) return -ETIMEDOUT;
    const { result } = this.call({ op: "wait", seen, timeout: Math.min(rest, LONGEST_CALL) });
    return result === -ETIMEDOUT && performance.now() < deadline ? 0 : result;
  }

  sleep(milliseconds) {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      const result = this.wait(this.seen(), deadline);
      if (result !== 0) return result === -ETIMEDOUT ? 0 : result;
    }
  }

  /** Interrupts come with answers. */
  check() {
    return false;
  }

  closeAll() {
    this.call({ op: "close all" });
    this.#sockets.clear();
  }
}

/** A socket that is elsewhere. Every method returns a number: a result, or -errno. */
class RemoteSocket {
  timeout = Infinity;
  peer = null;
  localPort = 0;
  #network;
  #stream;
  /** What was read ahead. */
  #ahead = new Uint8Array(0);
  #closed = false;

  constructor(network, handle, type) {
    this.#network = network;
    this.handle = handle;
    this.#stream = type === SOCK_STREAM;
  }

  bind(host, port) {
    return this.#call("bind", [host, port]).result;
  }

  listen(backlog) {
    return this.#call("listen", [backlog]).result;
  }

  /** A connection attempt cannot be taken up again, so the call lasts as long as it does. */
  connect(host, port) {
    return this.#call("connect", [host, port], { timeout: this.timeout }).result;
  }

  accept() {
    const { result, peer } = this.#patiently(() => this.#call("accept", []));
    if (result > 0) this.#network.adopt(result).peer = peer;
    return result;
  }

  recvInto(bytes, offset, length, peek = false) {
    if (this.#closed) return -EBADF;
    if (length === 0 && this.#stream) return 0;
    if (this.#ahead.length === 0) {
      const ahead = this.#stream;
      const room = ahead ? Math.max(length, READ_AHEAD) : length;
      const answer = this.#patiently(() => this.#call("recvInto", ahead ? [] : [peek], { room }));
      if (answer.result <= 0) return answer.result;
      if (!ahead) {
        bytes.set(answer.bytes, offset);
        return answer.result;
      }
      this.#ahead = answer.bytes;
    }
    const count = Math.min(length, this.#ahead.length);
    bytes.set(this.#ahead.subarray(0, count), offset);
    if (!peek) this.#ahead = this.#ahead.subarray(count);
    return count;
  }

  send(bytes, offset, length) {
    for (let sent = 0; ; ) {
      const piece = bytes.subarray(offset + sent, offset + Math.min(length, sent + LARGEST_SEND));
      const { result } = this.#patiently(() => this.#call("send", [], {}, piece));
      if (result < 0) return sent > 0 && result !== -EBADF ? sent : result;
      sent += result;
      if (sent >= length || this.timeout === 0) return sent;
    }
  }

  sendTo(bytes, offset, length, host, port) {
    return this.#call("sendTo", [host, port], {}, bytes.subarray(offset, offset + length)).result;
  }

  poll(mask) {
    if (this.#closed) return POLL_NVAL;
    const ready = this.#network.ready(this.handle) & (mask | POLL_ERR | POLL_HUP | POLL_NVAL);
    return this.#ahead.length > 0 ? ready | (mask & POLL_RD) : ready;
  }

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

  /** Infinity is no number in JSON: a timeout that is missing. */
  #call(method, args, fields = {}, payload) {
    if (this.#closed) return { result: -EBADF };
    const timeout = fields.timeout ?? Math.min(this.timeout, LONGEST_CALL);
    const answer = this.#network.call({ op: "call", handle: this.handle, method, args, ...fields, timeout: timeout === Infinity ? undefined : timeout }, payload);
    this.localPort = answer.localPort;
    if (method !== "accept") this.peer = answer.peer;
    return answer;
  }

  /** Makes a call again as long as it comes back because it took long, and not because the socket's time was over. */
  #patiently(call) {
    const deadline = performance.now() + this.timeout;
    for (;;) {
      const answer = call();
      if (answer.result !== -ETIMEDOUT || performance.now() >= deadline) return answer;
    }
  }
}
