/** A listening socket on the network's side. */

import { PENDING, release, socketViews } from "./layout.js";

/**
 * @import { Block } from "./layout.js"
 * @import { IncomingConnection, Listener } from "./server.js"
 */

const LONGEST_QUEUE = 1024;

export class ServedListener {
  #words;
  #announce;
  /** @type {import("./server.js").IncomingConnection[]} */
  #queue = [];
  /** @type {import("./server.js").Listener | null} */
  #listener = null;
  #closed = false;

  /** @param {Block} memory @param {() => void} announce */
  constructor(memory, announce) {
    this.#words = socketViews(memory).words;
    this.#announce = announce;
  }

  /** Listens from now on. Returns the port. @param {Listener} listener */
  attach(listener) {
    this.#listener = listener;
    if (this.#closed) this.destroy();
    return listener.port;
  }

  /**
   * A new connection waits for accept(). A kernel would let connections beyond the backlog wait
   * outside; here they wait in the queue.
   *
   * @param {IncomingConnection} incoming
   */
  connection = (incoming) => {
    if (!this.#listener || this.#queue.length >= LONGEST_QUEUE) return incoming.destroy();
    this.#queue.push(incoming);
    Atomics.store(this.#words, PENDING, this.#queue.length);
    this.#announce();
  };

  /** Takes the connection that has waited longest. */
  take() {
    const incoming = this.#queue.shift();
    Atomics.store(this.#words, PENDING, this.#queue.length);
    if (!incoming) throw Object.assign(new Error("no connection waits"), { code: "EAGAIN" });
    return incoming;
  }

  notified() {}

  setOption() {}

  async close() {
    this.#closed = true;
    this.destroy();
    release(this.#words);
  }

  destroy() {
    for (const incoming of this.#queue) incoming.destroy();
    this.#queue = [];
    this.#listener?.close();
    this.#listener = null;
  }
}
