/** A page's network: one worker, which interpreters share. */

import { newControlMemory } from "../net/control.js";
import { Remote } from "./remote.js";
import { described } from "./sources.js";
import { startWorker } from "./workers.js";

/** @import { TransportDescription } from "../transports/index.js" */

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
   * Attaches an interpreter.
   *
   * @returns {{control: SharedArrayBuffer, port: MessagePort, input: (bytes: Uint8Array | null) =>
   *   void, detach: () => void}} `port` is to be transferred to the interpreter's thread; `input`
   *   gives its program bytes to read on standard input; null is the end of input.
   */
  attach() {
    const interpreter = ++this.#last;
    const control = newControlMemory(SharedArrayBuffer);
    const { port1, port2 } = new MessageChannel();
    const remote = this.#remote;
    remote.post({ op: "attach", interpreter, port: port1, control }, [port1]);
    return {
      control,
      port: port2,
      input: (bytes) => remote.post(bytes === null ? { op: "end-of-input", interpreter } : { op: "input", interpreter, bytes }),
      detach: () => remote.post({ op: "detach", interpreter }),
    };
  }

  /**
   * Attaches an interpreter that shares no memory with the network.
   *
   * @returns {{port: MessagePort, detach: () => void}} `port`, to be transferred to the
   *   interpreter's thread, is for PortTransport.
   */
  attachTransport() {
    const interpreter = ++this.#last;
    const { port1, port2 } = new MessageChannel();
    this.#remote.post({ op: "attach-transport", interpreter, port: port1 }, [port1]);
    return { port: port2, detach: () => this.#remote.post({ op: "detach", interpreter }) };
  }

  /**
   * Attaches an interpreter that sends calls as messages.
   *
   * @returns {{port: MessagePort, connect: (port: MessagePort) => void, input: (bytes: Uint8Array |
   *   null) => void, interrupt: () => void, taken: (cost: number) => void, detach: () => void}}
   *   `port`, to be transferred to the interpreter's thread, takes the messages without an answer;
   *   `connect` takes a port on which calls arrive; see CallServer.
   */
  attachCalls() {
    const interpreter = ++this.#last;
    const post = (/** @type {object} */ message, /** @type {Transferable[]} */ transfer = []) => this.#remote.post({ ...message, interpreter }, transfer);
    const { port1, port2 } = new MessageChannel();
    post({ op: "attach-calls", port: port1 }, [port1]);
    return {
      port: port2,
      connect: (port) => post({ op: "calls", port }, [port]),
      input: (bytes) => post(bytes === null ? { op: "end-of-input" } : { op: "input", bytes }),
      interrupt: () => post({ op: "interrupt" }),
      taken: (cost) => post({ op: "taken", cost }),
      detach: () => post({ op: "detach" }),
    };
  }

  /** Ends the worker and every connection. */
  close() {
    this.#remote.end();
  }
}
