/** A listening socket on the network's side. */

import { PENDING, socketViews } from "./layout.js";

export class HostListener {
  #words;
  #announce;
  #backlog;
  /** @type {import("./host.js").IncomingConnection[]} */
  #queue = [];
  /** @type {import("./host.js").Listener | null} */
  #listener = null;

  constructor(memory, announce, backlog) {
    this.#words = socketViews(memory).words;
    this.#announce = announce;
    this.#backlog = Math.max(1, backlog);
  }

  attach(listener) {
    this.#listener = listener;
  }

  /** A connection came in: it waits for accept(), or is turned away when too many wait already. */
  connection = (incoming) => {
    if (this.#queue.length > this.#backlog) return incoming.destroy();
    this.#queue.push(incoming);
    Atomics.store(this.#words, PENDING, this.#queue.length);
    this.#announce();
  };

  /** The connection that waits longest. */
  take() {
    const incoming = this.#queue.shift();
    Atomics.store(this.#words, PENDING, this.#queue.length);
    if (!incoming) throw Object.assign(new Error("no connection waits"), { code: "EAGAIN" });
    return incoming;
  }

  attend() {}

  setOption() {}

  async close() {
    this.destroy();
  }

  destroy() {
    for (const incoming of this.#queue) incoming.destroy();
    this.#queue = [];
    this.#listener?.close();
    this.#listener = null;
  }
}
