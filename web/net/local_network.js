/** The network channel with both ends on one thread, where nothing can be waited for: what is not there yet comes with a later event. */

import { EDEADLK, EINVAL, EINTR, ETIMEDOUT, errnoOf } from "./errno.js";
import { NetworkServer } from "./server.js";
import { Network, newControlMemory } from "./network.js";

export class LocalNetwork extends Network {
  waits = false;
  /** @protected */
  control;
  #server;

  /**
   * @param {import("./server.js").Backend} backend
   * @param {() => void} onEvent Called after each event, which is when sockets may have become ready.
   */
  constructor(backend, onEvent) {
    const control = newControlMemory(ArrayBuffer);
    const server = new NetworkServer(backend, control, onEvent);
    super({ control, post: (message) => server.receive(message), Memory: ArrayBuffer });
    this.control = control;
    this.#server = server;
  }

  /** Names stay names: whoever connects resolves them. */
  lookup(host, family) {
    return { value: [{ address: host === "" ? "0.0.0.0" : host, family: family === 10 || host.includes(":") ? 6 : 4 }] };
  }

  /** @returns {{value?: any, error?: number, text?: string, pending?: Promise<number>}} `pending` resolves with 0 or -errno. */
  request(message) {
    try {
      const answer = this.#server.execute({ ...message, probe: false });
      if (typeof answer?.then !== "function") return { value: answer };
      return { value: 0, pending: answer.then(() => 0, (error) => -errnoOf(error, EINVAL)) };
    } catch (error) {
      return { error: errnoOf(error, EINVAL), text: String(error?.message ?? error) };
    }
  }

  /** Fails with EDEADLK where there is something to wait for. */
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
