/** A page's network: one worker, which interpreters share. */

import { newControlMemory } from "../net/control.js";
import { Remote } from "./remote.js";
import { described } from "./sources.js";
import { startWorker } from "./workers.js";

/**
 * @import { TransportDescription } from "../transports/index.js"
 *
 * @typedef {object} Attached
 * @property {MessagePort} port To be transferred to the interpreter's thread.
 * @property {(bytes: Uint8Array | null) => void} input Gives its program bytes to read on standard
 *   input; null is the end of input.
 * @property {() => void} detach
 */

const HERE = import.meta.url;
/** @type {WorkerOptions} */
const WORKER = { type: "module", name: "micropython-ssl network" };

/**
 * Starts the worker that owns the network. Interpreters that share a network reach each other at
 * 127.0.0.1.
 *
 * @param {object} [options]
 * @param {TransportDescription | null} [options.transport] How to reach the network outside.
 *   Without it programs reach only 127.0.0.1, which is inside the page.
 * @returns {Promise<PageNetwork>}
 */
export async function startNetwork({ transport = null } = {}) {
  const start = () => new Worker(new URL("./network_worker.js", import.meta.url), { type: "module", name: "micropython-ssl network" });
  const worker = startWorker(start, new URL("./network_worker.js", HERE), WORKER);
  const network = new PageNetwork(worker);
  await network.ready(described(transport));
  return network;
}

/**
 * Checks that an object is a network of startNetwork(), and returns it.
 *
 * @param {object} given
 * @throws {TypeError} where it is something else.
 */
export function sharedNetwork(given) {
  if (given instanceof PageNetwork) return given;
  throw new TypeError("network is what startNetwork() resolves with");
}

export class PageNetwork {
  #remote;
  #last = 0;

  /** @param {Worker} worker */
  constructor(worker) {
    this.#remote = new Remote(worker, "the network's worker");
  }

  /**
   * Resolves when the worker runs and has made its transport.
   *
   * @param {TransportDescription | null} description
   */
  async ready(description) {
    try {
      await this.#remote.request({ op: "transport", description });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Checks that the relay answers; fails with the reason where it does not. */
  async open() {
    await this.#remote.request({ op: "open" });
  }

  /**
   * Attaches an interpreter that shares memory with the network.
   *
   * @returns {Attached & {control: SharedArrayBuffer}}
   */
  attach() {
    const control = newControlMemory(SharedArrayBuffer);
    return { control, ...this.#attach({ op: "attach", control }) };
  }

  /** Attaches an interpreter whose end of the port is a PortTransport. */
  attachTransport() {
    return this.#attach({ op: "attach-transport" });
  }

  /**
   * Attaches an interpreter that sends calls as messages. Its port takes the messages without an
   * answer; `connect` takes a port on which calls arrive; see CallServer.
   *
   * @returns {Attached & {connect: (port: MessagePort) => void, interrupt: () => void, taken:
   *   (cost: number) => void}}
   */
  attachCalls() {
    const { post, ...attached } = this.#attach({ op: "attach-calls" });
    return {
      ...attached,
      connect: (port) => post({ op: "calls", port }, [port]),
      interrupt: () => post({ op: "interrupt" }),
      taken: (cost) => post({ op: "taken", cost }),
    };
  }

  /** @param {object} how */
  #attach(how) {
    const interpreter = ++this.#last;
    const { port1, port2 } = new MessageChannel();
    const post = (/** @type {object} */ message, /** @type {Transferable[]} */ transfer = []) => this.#remote.post({ ...message, interpreter }, transfer);
    post({ ...how, port: port1 }, [port1]);
    return {
      port: port2,
      input: (/** @type {Uint8Array | null} */ bytes) => post(bytes === null ? { op: "end-of-input" } : { op: "input", bytes }),
      detach: () => post({ op: "detach" }),
      post,
    };
  }

  /** Ends the worker and every connection. */
  close() {
    this.#remote.end();
  }
}
