/** Sockets that peers open. */

import { ASYNC_DISPOSE, DISPOSE } from "../dispose.js";

export class Listener {
  #listener;
  #socketOf;
  #signal;

  /**
   * @param {import("../transports/transport.js").Listener} listener A transport's.
   * @param
   *   {(carrier: import("../transports/transport.js").Connection) => import("./socket.js").Socket}
   *   socketOf
   * @param {AbortSignal} [signal] Closes the listener.
   */
  constructor(listener, socketOf, signal) {
    this.#listener = listener;
    this.#socketOf = socketOf;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#close);
    if (signal?.aborted) this.close();
  }

  /** The address on which it listens. */
  get address() {
    const { host, port } = this.#listener.address;
    return { hostname: host, port };
  }

  /** The next connection; null after close(). Its `opened` tells whether the handshake succeeds. */
  async accept() {
    const carrier = await this.#listener.accept();
    return carrier && this.#socketOf(carrier);
  }

  /** Stops listening. Accepted connections go on. */
  close() {
    this.#signal?.removeEventListener("abort", this.#close);
    this.#listener.close();
  }

  #close = () => this.close();

  async *[Symbol.asyncIterator]() {
    for (let socket; (socket = await this.accept()); ) yield socket;
  }

  [DISPOSE]() {
    this.close();
  }

  async [ASYNC_DISPOSE]() {
    this.close();
  }
}
