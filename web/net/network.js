/**
 * The interpreter's side of the network channel: everything here is synchronous and runs on the thread that runs MicroPython.
 * A call that has to wait sleeps in Atomics.wait until the network's thread says that something happened; see server.js for that side.
 */

import { EAFNOSUPPORT, EINTR, ETIMEDOUT, EOPNOTSUPP } from "./errno.js";
import {
  CONTROL_BYTES, EVENT, INTERRUPT, MemoryPool, REPLY_BYTES, REPLY_DONE, REPLY_LENGTH, REPLY_STATUS, REPLY_WAITING,
} from "./layout.js";
import { DatagramSocket } from "./datagram.js";
import { StreamSocket } from "./stream.js";

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;

/** Memory of the channel's control block, to be shared with the network's thread; an ArrayBuffer where that is the same. */
export function newControlMemory(Memory = SharedArrayBuffer) {
  return new Memory(CONTROL_BYTES);
}

/** Asks the program that waits on this channel, or computes, to stop. Callable on any thread. */
export function interrupt(control) {
  const words = new Int32Array(control);
  Atomics.store(words, INTERRUPT, 1);
  announce(words);
}

/** Ends the waits on this channel so that they look again. Callable on any thread. */
export function announce(words) {
  Atomics.add(words, EVENT, 1);
  Atomics.notify(words, EVENT);
}

const decoder = new TextDecoder();

export class Network {
  #post;
  #words;
  #sockets = new Map();
  #last = 0;
  #reply = null;
  #Memory;
  /** Whether calls may wait for the network. */
  waits = true;
  /** Memory of sockets. */
  pool;
  /** Called before each wait. */
  onWait = () => {};
  /** Called when a TCP connection is being opened, and the program has to wait for it. */
  onConnecting = () => {};

  /**
   * @param {object} options
   * @param {SharedArrayBuffer} options.control From newControlMemory().
   * @param {(message: object | number) => void} options.post Sends to the network's thread, NetworkServer.receive() there.
   * @param {() => void} [options.onInterrupt] Called when a wait, or check(), sees an interrupt.
   * @param {SharedArrayBufferConstructor | ArrayBufferConstructor} [options.Memory] What the sides share.
   */
  constructor({ control, post, onInterrupt = () => {}, Memory }) {
    this.#words = new Int32Array(control);
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

  /** A socket that gives what comes in on the program's standard input; null where there is no memory. */
  openInput() {
    return StreamSocket.input(this);
  }

  /** The socket of a handle; undefined after close. */
  get(handle) {
    return this.#sockets.get(handle);
  }

  /** Gives a socket its handle. */
  adopt(socket) {
    const handle = ++this.#last;
    socket.handle = handle;
    this.#sockets.set(handle, socket);
    return handle;
  }

  /** Forgets a handle that was closed. */
  forget(handle) {
    this.#sockets.delete(handle);
  }

  /**
   * Addresses of a name.
   *
   * @param {string} host
   * @param {number} family AF_INET, AF_INET6 or 0 for both.
   * @returns {{value?: {address: string, family: number}[], error?: number, text?: string}}
   */
  lookup(host, family) {
    return this.request({ op: "lookup", host, family }, true);
  }

  /** Sends a command that has no answer, or with a number notifies that socket. */
  post(message) {
    this.#post(message);
  }

  /**
   * Sends a command and waits for its answer.
   *
   * @param {object} message
   * @param {boolean} [interruptible] For commands that may take long; an answer that comes later is lost.
   * @returns {{value?: any, error?: number, text?: string}} `error` is an errno.
   */
  request(message, interruptible = false) {
    const answer = this.ask(message);
    for (;;) {
      const seen = this.seen();
      if (answer.done()) return answer.take();
      if (!interruptible) Atomics.wait(this.#words, EVENT, seen);
      // The answer may still come, to where nobody looks.
      else if (this.wait(seen, Infinity) !== 0) return { error: EINTR };
    }
  }

  /**
   * Sends a command.
   *
   * @returns {{done: () => boolean, take: () => {value?: any, error?: number, text?: string}}} Its answer, to be taken when it is done.
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

  /** Until when an operation that starts now may wait so many milliseconds, in milliseconds of performance.now(). */
  deadline(timeout) {
    return timeout === Infinity || timeout === 0 ? timeout : performance.now() + timeout;
  }

  /** A mark of what happened so far, for wait(): take it before looking, then nothing can be missed. */
  seen() {
    return Atomics.load(this.#words, EVENT);
  }

  /**
   * Waits until something happens after `seen`, which need not be what the caller waits for.
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

  /** Sleeps; 0 or -EINTR. */
  sleep(milliseconds) {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      const result = this.wait(this.seen(), deadline);
      if (result !== 0) return result === -ETIMEDOUT ? 0 : result;
    }
  }

  /** Whether the program was asked to stop since the last time; calls onInterrupt if so. */
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

