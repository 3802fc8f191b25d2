/**
 * The network channel with both ends on one thread, where nothing can be waited for: what is not
 * there yet comes with a later event.
 */

import { EDEADLK, EINVAL, EINTR, ETIMEDOUT, errnoOf, wordsOf } from "./errno.js";
import { NetworkServer } from "./server.js";
import { Network, newControlMemory } from "./network.js";

/**
 * @import { Answer } from "./network.js"
 * @import { Backend, Command } from "./server.js"
 */

export class LocalNetwork extends Network {
  waits = false;
  /** @protected */
  control;
  #server;

  /**
   * @param {Backend} backend
   * @param {() => void} onEvent Called after each event, which is when sockets may have become
   *   ready.
   */
  constructor(backend, onEvent) {
    const control = newControlMemory(ArrayBuffer);
    const server = new NetworkServer(backend, control, onEvent);
    super({ control, post: (message) => server.receive(message), Memory: ArrayBuffer });
    this.control = control;
    this.#server = server;
  }

  /**
   * Names stay names: whoever connects resolves them.
   *
   * @param {string} host
   * @param {number} family
   */
  lookup(host, family) {
    return { value: [{ address: host === "" ? "0.0.0.0" : host, family: family === 10 || host.includes(":") ? 6 : 4 }] };
  }

  /**
   * @param {Command} message
   * @returns {Answer}
   */
  request(message) {
    try {
      const answer = this.#server.execute(message.op === "bind" ? { ...message, probe: false } : message);
      if (typeof answer?.then !== "function") return { value: answer };
      return { value: 0, pending: answer.then(() => 0, (/** @type {unknown} */ error) => -errnoOf(error, EINVAL)) };
    } catch (error) {
      return { error: errnoOf(error, EINVAL), text: wordsOf(error) };
    }
  }

  /**
   * Fails with EDEADLK where there is something to wait for.
   *
   * @param {number} seen
   * @param {number} deadline
   */
  wait(seen, deadline) {
    if (this.check()) return -EINTR;
    return deadline <= performance.now() ? -ETIMEDOUT : -EDEADLK;
  }

  /** Ends every connection, those too that still have something to send. */
  destroy() {
    this.closeAll();
    this.#server.destroy();
  }
}
