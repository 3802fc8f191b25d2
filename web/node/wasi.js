/**
 * What WASI needs of Node: its network, for a program on a thread of its own, which may block; and
 * its files.
 *
 * @module
 */

import { sender, watchNotifications } from "../net/notifications.js";
import { NetworkServer } from "../net/server.js";
import { Network, newControlMemory } from "../net/network.js";
import { Targets } from "../../relay/targets.js";
import { allowedNetwork } from "./allowed.js";
import { hostNetwork } from "./backend.js";
import { standardInput } from "./process_input.js";

export { filesystem } from "../wasi/filesystem.js";
export { hostFiles } from "../wasi/filesystem_node.js";

/** The host's sockets and standard input, on the thread that has them: not the program's. */
export class NodeNetwork {
  /** To be handed to the program's thread, as `workerData`. */
  control = newControlMemory(SharedArrayBuffer);
  #server;
  #unwatch;

  /**
   * @param {Targets | string[] | null} [allow] All that the program may reach, "example.com:443"
   *   for example; null for everything.
   */
  constructor(allow = null) {
    const network = { ...hostNetwork, input: standardInput };
    const targets = Array.isArray(allow) ? new Targets(allow) : allow;
    this.#server = new NetworkServer(targets ? allowedNetwork(network, targets) : network, this.control);
    this.#unwatch = watchNotifications(this.control, this.#server);
  }

  /**
   * Serves the program of a worker. Its messages that are none of the network's go to `other`.
   *
   * @param {import("node:worker_threads").Worker} worker
   * @param {(message: any) => void} [other]
   */
  serve(worker, other = () => {}) {
    worker.on("message", (message) => (typeof message === "number" || COMMANDS.has(message?.op) ? this.#server.receive(message) : other(message)));
  }

  /**
   * Ends it, when all that was written has left, or nothing has for so many milliseconds.
   *
   * @returns Whether all has.
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
 * @param {import("node:worker_threads").MessagePort} port Leads to who has it: `parentPort`.
 * @returns {Network}
 */
export function connectNetwork(control, port) {
  return new Network({ control, post: sender(port, control) });
}
