/**
 * wasi:io/poll: all waits of a component are here. A wait checks its condition, has the network
 * wait for an event, and checks again. On a thread that may not block, the network's wait() returns
 * a promise, and so do the waits here. The component then has to be instantiated with `suspends`
 * (JSPI).
 */

import { EINTR } from "../net/errno.js";

/** @import { StreamSocket } from "../net/stream.js" */

/** The functions that wait, as `interface#function` without a version. */
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
 * Whether a function may return a promise where the network's wait() returns one. An option of
 * Component.instantiate().
 *
 * @param {string} name
 */
export function suspends(name) {
  return WAITING.has(name.replace(/@[^#]*/, ""));
}

/**
 * A condition that a component waits for: `isReady` returns true, or the time is after `deadline`,
 * in milliseconds of performance.now().
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

  /** As ready(), from the last look() at the network. */
  isReady() {
    return this.#isReady() || (this.deadline !== Infinity && performance.now() >= this.deadline);
  }
}

/**
 * Waits for a stream socket. The socket is polled again only when the network has changed it. So a
 * wait for many sockets polls few of them.
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
 * @typedef {object} Waits The part of Network that waits use.
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

  /** Counts the network's changes of sockets. */
  look() {
    this.#network.look();
  }

  /**
   * wasi:io/poll's poll(): the indices of those that are ready, at least one. None if the program
   * was interrupted.
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
   * Waits until a condition is true, the deadline has passed, or the program was interrupted.
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
 * Calls `next` with a value, or with a promise's value when it resolves.
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
