/**
 * The network channel with both ends on one thread. Its waits are promises. It is for programs that
 * WebAssembly suspends while they wait, and for programs on another thread, whose calls CallServer
 * answers.
 */

import { announce, interrupt } from "./control.js";
import { EINTR, ETIMEDOUT } from "./errno.js";
import { LocalNetwork } from "./local_network.js";

/** @import { Backend, Command } from "./server.js" */

/** The longest time of setTimeout. */
const LONGEST_TIMER = 2 ** 31 - 1;

export class AsyncNetwork extends LocalNetwork {
  waits = true;
  #wake = () => {};

  /** @param {Backend} backend */
  constructor(backend) {
    super(backend, () => this.#wake());
  }

  /**
   * Sends a command. A command that takes time ends all waits when it is done, after its own
   * promise.
   *
   * @param {Command} message
   */
  request(message) {
    const answer = super.request(message);
    answer.pending?.then(() => setTimeout(() => this.announce()));
    return answer;
  }

  /**
   * @param {number} seen
   * @param {number} deadline
   * @returns {number | Promise<number>} 0, -ETIMEDOUT or -EINTR.
   */
  // @ts-expect-error Only non-blocking sockets use this network, and they never wait. So no socket
  //   gets the promise.
  wait(seen, deadline) {
    if (this.check()) return -EINTR;
    const rest = deadline - performance.now();
    if (rest <= 0) return -ETIMEDOUT;
    if (this.seen() !== seen) return 0;
    this.onWait();
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = () => {};
        clearTimeout(timer);
        resolve(this.check() ? -EINTR : 0);
      };
      const timer = rest === Infinity ? undefined : setTimeout(() => this.#wake(), Math.min(rest, LONGEST_TIMER));
    });
  }

  /** Asks the program to stop. */
  interrupt() {
    interrupt(this.control);
    this.#wake();
  }

  /** Ends a wait, so that its caller checks again. */
  announce() {
    announce(new Int32Array(this.control));
    this.#wake();
  }
}
