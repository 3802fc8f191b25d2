/**
 * The interpreter's side of the network channel where nothing can block: network and interpreter share one thread. A call that has to wait
 * gives up by an exception that only `suspendable` sees; when something happened, it is made again and finds itself where it was.
 */

import { EDEADLK, EINTR, ETIMEDOUT } from "./errno.js";
import { EVENT, INTERRUPT } from "./layout.js";
import { NetworkHost } from "./host.js";
import { Network, newControlMemory } from "./network.js";
import { SUSPEND } from "./suspension.js";

export class SuspendingNetwork extends Network {
  suspends = true;
  #words;
  #host;
  /** What the call that gave up waits for: `ready` or the deadline. @type {{ready: () => boolean, deadline: number} | null} */
  #wanted = null;
  /** What its wait returns when it is made again; undefined when that is not the next wait. */
  #outcome;
  #deadline;
  #answer = null;
  #wake = () => {};
  #abandoned = false;

  /**
   * @param {import("./host.js").Backend} backend
   * @param {() => void} [onInterrupt] As in Network.
   */
  constructor(backend, onInterrupt) {
    const control = newControlMemory(ArrayBuffer);
    const host = new NetworkHost(backend, control, () => this.#wake());
    super({ control, post: (message) => host.receive(message), onInterrupt, Memory: ArrayBuffer });
    this.#words = new Int32Array(control);
    this.#host = host;
  }

  /** Whether the program could be suspended right now. Replaced by whoever runs it. */
  canSuspend = () => false;

  /** Asks the program to stop, as `interrupt()` does in shared memory. */
  interrupt() {
    this.#words[INTERRUPT] = 1;
    this.announce();
  }

  /** An interrupt that came too late for one program must not stop the next. */
  forgetInterrupt() {
    this.#words[INTERRUPT] = 0;
  }

  /** Ends the waits of the program so that they look again. */
  announce() {
    this.#words[EVENT] = (this.#words[EVENT] + 1) | 0;
    this.#wake();
  }

  /** Lets a program that waits do so for ever, and ends its connections. */
  abandon() {
    this.#abandoned = true;
    this.destroy();
  }

  /** Ends all connections at once. */
  destroy() {
    this.#host.destroy();
  }

  /**
   * Makes a call that may wait.
   *
   * @template T
   * @param {() => T} call
   * @returns {T | Promise<T>} A promise where it has to wait.
   */
  suspendable(call) {
    try {
      return call();
    } catch (thrown) {
      if (thrown !== SUSPEND) throw thrown;
      return this.#again(call);
    }
  }

  wait(seen, deadline) {
    const outcome = this.#outcome;
    this.#outcome = undefined;
    if (outcome !== undefined) return outcome;
    if (this.check()) return -EINTR;
    if (deadline <= performance.now()) return -ETIMEDOUT;
    return this.#giveUp(() => this.#words[EVENT] !== seen, deadline);
  }

  deadline(timeout) {
    const deadline = this.#deadline ?? super.deadline(timeout);
    this.#deadline = undefined;
    return deadline;
  }

  request(message, interruptible = false) {
    const answer = this.#answer ?? this.ask(message);
    if (answer.done()) {
      this.#answer = null;
      return answer.take();
    }
    if (this.#outcome === -EINTR && interruptible) {
      this.#outcome = undefined;
      this.#answer = null;
      return { error: EINTR };
    }
    this.#outcome = undefined;
    this.#answer = answer;
    const error = this.#giveUp(answer.done, Infinity);
    this.#answer = null;
    return { error: -error };
  }

  /**
   * Makes a call that has nothing to do with the one that may be about to be made again.
   *
   * @template T
   * @param {() => T} call
   * @returns {T}
   */
  aside(call) {
    const [outcome, deadline, answer, resuming] = [this.#outcome, this.#deadline, this.#answer, this.resuming];
    this.#outcome = this.#deadline = undefined;
    this.#answer = null;
    this.resuming = false;
    try {
      return call();
    } finally {
      [this.#outcome, this.#deadline, this.#answer, this.resuming] = [outcome, deadline, answer, resuming];
    }
  }

  /** Throws, or returns an error where nothing can be suspended. */
  #giveUp(ready, deadline) {
    if (!this.canSuspend()) return -EDEADLK;
    this.onWait();
    this.#wanted = { ready, deadline };
    throw SUSPEND;
  }

  async #again(call) {
    for (;;) {
      const { deadline } = this.#wanted;
      this.#outcome = await this.#happened(this.#wanted);
      this.#deadline = deadline;
      this.resuming = true;
      try {
        return call();
      } catch (thrown) {
        if (thrown !== SUSPEND) throw thrown;
      } finally {
        this.resuming = false;
        this.#outcome = this.#deadline = undefined;
      }
    }
  }

  /** Waits: 0, -ETIMEDOUT or -EINTR. */
  #happened({ ready, deadline }) {
    return new Promise((resolve) => {
      let timer;
      const look = () => {
        clearTimeout(timer);
        if (this.#abandoned) return;
        const rest = deadline - performance.now();
        const result = this.check() ? -EINTR : ready() ? 0 : rest <= 0 ? -ETIMEDOUT : null;
        if (result === null) {
          if (rest !== Infinity) timer = setTimeout(look, Math.min(rest, LONGEST_TIMER));
          return;
        }
        this.#wake = () => {};
        resolve(result);
      };
      this.#wake = look;
      look();
    });
  }
}

/** The most that setTimeout can tell. */
const LONGEST_TIMER = 2 ** 31 - 1;
