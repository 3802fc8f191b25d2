/**
 * Node's network and files for WASI. The program runs on a thread of its own and may block.
 *
 * @module
 */

import { sender, watchNotifications } from "../net/notifications.js";
import { NetworkServer } from "../net/server.js";
import { newControlMemory } from "../net/control.js";
import { Network } from "../net/network.js";
import { Targets } from "../../relay/targets.js";
import { allowedNetwork } from "./allowed.js";
import { hostNetwork } from "./backend.js";
import { standardInput } from "./process_input.js";

export { filesystem } from "../wasi/filesystem.js";
export { hostFiles } from "../wasi/filesystem_node.js";

/** The host's sockets and standard input. They are on the main thread, not on the program's. */
export class NodeNetwork {
  /** Pass it to the program's thread as `workerData`. */
  control = newControlMemory(SharedArrayBuffer);
  #server;
  #unwatch;

  /**
   * @param {Targets | string[] | null} [allow] The targets that the program may reach, for example
   *   "example.com:443"; null for all.
   */
  constructor(allow = null) {
    const network = { ...hostNetwork, input: standardInput };
    const targets = Array.isArray(allow) ? new Targets(allow) : allow;
    this.#server = new NetworkServer(targets ? allowedNetwork(network, targets) : network, this.control);
    this.#unwatch = watchNotifications(this.control, this.#server);
  }

  /**
   * Serves the program of a worker. `other` gets the worker's messages that are not for the
   * network.
   *
   * @param {import("node:worker_threads").Worker} worker
   * @param {(message: any) => void} [other]
   */
  serve(worker, other = () => {}) {
    worker.on("message", (message) => (typeof message === "number" || COMMANDS.has(message?.op) ? this.#server.receive(message) : other(message)));
  }

  /**
   * Ends the network when all written bytes were sent, or when no byte was sent for so many
   * milliseconds.
   *
   * @returns Whether all bytes were sent.
   */
  async close(limit = 0) {
    const sent = await this.#server.settled(limit);
    this.#unwatch();
    this.#server.destroy();
    return sent;
  }
}

const COMMANDS = new Set(["lookup", "bind", "connect", "listen", "accept", "datagram", "input", "associate", "option", "close"]);

/**
 * The network on the program's thread, for wasi().
 *
 * @param {SharedArrayBuffer} control The NodeNetwork's.
 * @param {import("node:worker_threads").MessagePort} port The port to the thread with the
 *   NodeNetwork: `parentPort`.
 * @returns {Network}
 */
export function connectNetwork(control, port) {
  return new Network({ control, post: sender(port, control) });
}
