/**
 * wasi:io/poll: everything that waits does it here. What is waited for is looked at, then the
 * network waits until anything happens, and what is waited for is looked at again. Where a
 * network's wait() returns a promise, because its thread may not block, so does a wait here; the
 * component then has to be instantiated with these functions as ones that suspend (JSPI).
 */

import { EINTR } from "../net/errno.js";

/** @import { StreamSocket } from "../net/stream.js" */

/** Functions that wait, as `interface#function` without a version. */
const WAITING = new Set([
  "wasi:io/poll#poll",
  "wasi:io/poll#[method]pollable.block",
  "wasi:io/streams#[method]input-stream.blocking-read",
  "wasi:io/streams#[method]input-stream.blocking-skip",
  "wasi:io/streams#[method]output-stream.write",
  "wasi:io/streams#[method]output-stream.blocking-write-and-flush",
  "wasi:io/streams#[method]output-stream.blocking-flush",
  "wasi:sockets/ip-name-lookup#[method]resolve-address-stream.resolve-next-address",
  "wasi:sockets/udp#[method]outgoing-datagram-stream.send",
]);

/**
 * Whether a function may return a promise where the network's wait() does; for
 * Component.instantiate().
 *
 * @param {string} name
 */
export function suspends(name) {
  return WAITING.has(name.replace(/@[^#]*/, ""));
}

/**
 * What a component waits for: that `isReady` says so, or that it is later than `deadline`, in
 * milliseconds of performance.now().
 */
export class Pollable {
  #waiting;
  #isReady;

  /**
   * @param {Waiting} waiting
   * @param {() => boolean} [isReady]
   * @param {number} [deadline]
   */
  constructor(waiting, isReady = never, deadline = Infinity) {
    this.#waiting = waiting;
    this.#isReady = isReady;
    this.deadline = deadline;
  }

  ready() {
    this.#waiting.look();
    return this.isReady();
  }

  block() {
    return this.#waiting.until(() => this.isReady(), this.deadline);
  }

  /** As ready(), of what was last looked at. */
  isReady() {
    return this.#isReady() || (this.deadline !== Infinity && performance.now() >= this.deadline);
  }
}

/**
 * Waits for a stream socket. It is not asked again before the network has changed it, so that a
 * wait for many asks few.
 */
class SocketPollable extends Pollable {
  #socket;
  #mask;
  #unready = -1;

  /** @param {Waiting} waiting @param {StreamSocket} socket @param {number} mask */
  constructor(waiting, socket, mask) {
    super(waiting);
    this.#socket = socket;
    this.#mask = mask;
  }

  isReady() {
    const { changes } = this.#socket;
    if (changes === this.#unready) return false;
    if (this.#socket.poll(this.#mask) !== 0) return true;
    this.#unready = changes;
    return false;
  }
}

/**
 * @typedef {object} Waits As Network has it.
 * @property {() => number} seen
 * @property {() => void} look
 * @property {(seen: number, deadline: number) => number | Promise<number>} wait
 */

/** The waits of one component. */
export class Waiting {
  #network;

  /** @param {Waits} network */
  constructor(network) {
    this.#network = network;
  }

  /** @param {() => boolean} [isReady] @param {number} [deadline] */
  pollable(isReady, deadline) {
    return new Pollable(this, isReady, deadline);
  }

  /**
   * @param {StreamSocket} socket A connected one.
   * @param {number} mask Events of its poll().
   */
  socketPollable(socket, mask) {
    return new SocketPollable(this, socket, mask);
  }

  /** Sees what the network has done. */
  look() {
    this.#network.look();
  }

  /**
   * wasi:io/poll's poll(): which of them are ready, at least one; none where the program was asked
   * to stop.
   *
   * @param {Pollable[]} pollables
   */
  poll = (pollables) => {
    if (pollables.length === 0) throw new RangeError("poll() of nothing");
    const deadline = pollables.reduce((first, pollable) => Math.min(first, pollable.deadline), Infinity);
    const ready = () => {
      /** @type {number[]} */
      const found = [];
      for (let i = 0; i < pollables.length; i++) if (pollables[i].isReady()) found.push(i);
      return found;
    };
    /** @type {number[]} */
    let found = [];
    const done = () => (found = ready()).length > 0;
    return after(this.until(done, deadline), () => found);
  };

  /**
   * Waits until something is so, the time is over, or the program was asked to stop.
   *
   * @param {() => boolean} isSo
   * @param {number} [deadline]
   * @returns {number | Promise<number>} 0, or -EINTR.
   */
  until(isSo, deadline = Infinity) {
    for (;;) {
      const seen = this.#network.seen();
      if (isSo()) return 0;
      const outcome = this.#network.wait(seen, deadline);
      if (typeof outcome !== "number") return outcome.then((code) => (code === -EINTR ? code : this.until(isSo, deadline)));
      if (outcome === -EINTR) return outcome;
    }
  }
}

function never() {
  return false;
}

/**
 * Goes on with a value, or with what a promise comes to.
 *
 * @template T
 * @template R
 * @param {T | Promise<T>} value
 * @param {(value: T) => R} next
 * @returns {R | Promise<R | Awaited<R>>}
 */
export function after(value, next) {
  return value instanceof Promise ? value.then(next) : next(value);
}
