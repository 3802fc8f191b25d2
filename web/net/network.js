/**
 * The interpreter's side of the network channel: everything here is synchronous and runs on the
 * thread that runs MicroPython. A call that has to wait sleeps in Atomics.wait until the network's
 * thread announces an event. server.js is the other side.
 */

import { EAFNOSUPPORT, EINTR, ETIMEDOUT, EOPNOTSUPP } from "./errno.js";
import { HandleLog } from "./handle_log.js";
import {
  CHANGED, EVENT, INTERRUPT, MemoryPool, REPLY_BYTES, REPLY_DONE, REPLY_LENGTH, REPLY_STATUS, REPLY_WAITING,
} from "./layout.js";
import { DatagramSocket } from "./datagram.js";
import { StreamSocket } from "./stream.js";

/**
 * @import { Memory, MemoryConstructor } from "./layout.js"
 * @import { Command } from "./server.js"
 */

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;

const decoder = new TextDecoder();

/**
 * A socket of a network, of either kind.
 *
 * @typedef {StreamSocket | DatagramSocket} Socket
 *
 * @typedef {object} Answer Of a command.
 * @property {any} [value] The result of the command.
 * @property {number} [error] An errno.
 * @property {string} [code] The name of an error.
 * @property {string} [text]
 * @property {Promise<number>} [pending] Resolves with 0 or -errno, for a command that takes time.
 *
 * @typedef {{address: string, family: number}} LookupAddress
 * @typedef {Answer & {value?: LookupAddress[]}} LookupAnswer
 */

export class Network {
  #post;
  #words;
  #changed;
  /** @type {Map<number, Socket>} */
  #sockets = new Map();
  #last = 0;
  /** @type {Memory | null} */
  #reply = null;
  #Memory;
  /** Whether calls may wait for the network. */
  waits = true;
  /** Memory of sockets. */
  pool;
  /** Called before each wait. */
  onWait = () => {};
  /** Called when the program has to wait for a TCP connection to open. */
  onConnecting = () => {};

  /**
   * @param {object} options
   * @param {Memory} options.control From newControlMemory().
   * @param {(message: number | (Command & {reply?: Memory})) => void} options.post Sends a message
   *   to NetworkServer.receive() on the network's thread.
   * @param {() => void} [options.onInterrupt] Called when a wait or check() finds an interrupt.
   * @param {MemoryConstructor} [options.Memory] The kind of memory that the two sides share.
   */
  constructor({ control, post, onInterrupt = () => {}, Memory }) {
    this.#words = new Int32Array(control);
    this.#changed = new HandleLog(this.#words, CHANGED);
    this.#post = post;
    this.#Memory = Memory ?? SharedArrayBuffer;
    this.pool = new MemoryPool(this.#Memory);
    this.onInterrupt = onInterrupt;
  }

  /**
   * A new socket, not connected.
   *
   * @param {number} family AF_INET or AF_INET6.
   * @param {number} type SOCK_STREAM or SOCK_DGRAM.
   * @returns {number} Its handle, or -errno.
   */
  open(family, type) {
    if (family !== AF_INET && family !== AF_INET6) return -EAFNOSUPPORT;
    if (type === SOCK_STREAM) return this.adopt(new StreamSocket(this, family));
    if (type === SOCK_DGRAM) return this.adopt(new DatagramSocket(this, family));
    return -EOPNOTSUPP;
  }

  /**
   * A socket that reads the program's standard input; null where there is no memory.
   */
  openInput() {
    return StreamSocket.input(this);
  }

  /** The socket of a handle; undefined after close. @param {number} handle */
  get(handle) {
    return this.#sockets.get(handle);
  }

  /** Gives a socket its handle. @param {Socket} socket */
  adopt(socket) {
    const handle = ++this.#last;
    socket.handle = handle;
    this.#sockets.set(handle, socket);
    return handle;
  }

  /** Forgets a handle that was closed. @param {number} handle */
  forget(handle) {
    this.#sockets.delete(handle);
  }

  /**
   * Addresses of a name.
   *
   * @param {string} host
   * @param {number} family AF_INET, AF_INET6 or 0 for both.
   * @returns {LookupAnswer}
   */
  lookup(host, family) {
    return this.request({ op: "lookup", host, family }, true);
  }

  /**
   * Sends a command that has no answer. A number notifies the socket with this handle.
   *
   * @param {Command | number} message
   */
  post(message) {
    this.#post(message);
  }

  /**
   * Sends a command and waits for its answer.
   *
   * @param {Command} message
   * @param {boolean} [interruptible] For commands that may take long. An answer after the interrupt
   *   is lost.
   * @returns {Answer}
   */
  request(message, interruptible = false) {
    const answer = this.ask(message);
    for (;;) {
      const seen = this.seen();
      if (answer.done()) return answer.take();
      if (!interruptible) Atomics.wait(this.#words, EVENT, seen);
      // The answer may still arrive. Nothing reads it.
      else if (this.wait(seen, Infinity) !== 0) return { error: EINTR };
    }
  }

  /**
   * Sends a command.
   *
   * @param {Command} message
   * @returns {{done: () => boolean, take: () => Answer}} The command's answer: take it when it is
   *   done.
   * @protected
   */
  ask(message) {
    const reply = this.#reply ?? new this.#Memory(8 + REPLY_BYTES);
    this.#reply = null;
    const words = new Int32Array(reply, 0, 2);
    Atomics.store(words, REPLY_STATUS, REPLY_WAITING);
    this.#post({ ...message, reply });
    return {
      done: () => Atomics.load(words, REPLY_STATUS) === REPLY_DONE,
      take: () => {
        this.#reply = reply;
        return JSON.parse(decoder.decode(new Uint8Array(reply, 8, words[REPLY_LENGTH]).slice()));
      },
    };
  }

  /**
   * The deadline of an operation that starts now and may wait so many milliseconds, in milliseconds
   * of performance.now().
   *
   * @param {number} timeout
   */
  deadline(timeout) {
    return timeout === Infinity || timeout === 0 ? timeout : performance.now() + timeout;
  }

  /**
   * The count of events so far, for wait(). Take it before checking a state: no event is missed
   * then.
   */
  seen() {
    const seen = Atomics.load(this.#words, EVENT);
    this.look();
    return seen;
  }

  /** Counts the changes of sockets. */
  look() {
    if (!this.#changed.take(this.#count)) for (const socket of this.#sockets.values()) socket.changes++;
  }

  /** @param {number} handle */
  #count = (handle) => {
    const socket = this.#sockets.get(handle);
    if (socket) socket.changes++;
  };

  /**
   * Waits until there is an event after `seen`. It may be another event than the one that the
   * caller waits for.
   *
   * @param {number} seen From seen().
   * @param {number} deadline In milliseconds of performance.now(); Infinity for none.
   * @returns {number} 0, -ETIMEDOUT or -EINTR.
   */
  wait(seen, deadline) {
    if (this.check()) return -EINTR;
    const rest = deadline - performance.now();
    if (rest <= 0) return -ETIMEDOUT;
    this.onWait();
    Atomics.wait(this.#words, EVENT, seen, rest);
    return this.check() ? -EINTR : 0;
  }

  /** Sleeps; 0 or -EINTR. @param {number} milliseconds */
  sleep(milliseconds) {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      const result = this.wait(this.seen(), deadline);
      if (result !== 0) return result === -ETIMEDOUT ? 0 : result;
    }
  }

  /** Whether the program was interrupted since the last check. Calls onInterrupt if so. */
  check() {
    if (Atomics.load(this.#words, INTERRUPT) === 0) return false;
    Atomics.store(this.#words, INTERRUPT, 0);
    this.onInterrupt();
    return true;
  }

  /** Closes every socket, as the end of a process does. */
  closeAll() {
    for (const socket of [...this.#sockets.values()]) socket.close();
  }
}

