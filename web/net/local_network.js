/**
 * The network channel with both ends on one thread, where no call may wait. Results that are not
 * there yet arrive with a later event.
 */

import { newControlMemory } from "./control.js";
import { EDEADLK, EINVAL, EINTR, ETIMEDOUT, errnoOf, wordsOf } from "./errno.js";
import { NetworkServer } from "./server.js";
import { Network } from "./network.js";

/**
 * @import { Answer, LookupAnswer } from "./network.js"
 * @import { Backend, Command } from "./server.js"
 */

export class LocalNetwork extends Network {
  waits = false;
  lookup = unresolved;
  /** @protected */
  control;
  #server;

  /**
   * @param {Backend} backend
   * @param {() => void} onEvent Called after each event. Sockets may then have become ready.
   */
  constructor(backend, onEvent) {
    const control = newControlMemory(ArrayBuffer);
    const server = new NetworkServer(backend, control, onEvent);
    super({ control, post: (message) => server.receive(message), Memory: ArrayBuffer });
    this.control = control;
    this.#server = server;
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
   * Never waits. Returns -ETIMEDOUT after the deadline and -EDEADLK before it.
   *
   * @param {number} seen
   * @param {number} deadline
   */
  wait(seen, deadline) {
    if (this.check()) return -EINTR;
    return deadline <= performance.now() ? -ETIMEDOUT : -EDEADLK;
  }

  /** Ends every connection, also those that still have bytes to send. */
  destroy() {
    this.closeAll();
    this.#server.destroy();
  }
}

/**
 * As Network.lookup(), where names are not resolved: the transport resolves them when it connects.
 *
 * @param {string} host
 * @param {number} family
 * @returns {LookupAnswer}
 */
export function unresolved(host, family) {
  return { value: [{ address: host === "" ? "0.0.0.0" : host, family: family === 10 || host.includes(":") ? 6 : 4 }] };
}
