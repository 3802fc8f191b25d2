/** Sockets that peers open. */

import { DISPOSE } from "../dispose.js";

export class Listener {
  #listener;
  #socketOf;

  /**
   * @param {import("../transports/transport.js").Listener} listener A transport's.
   * @param
   *   {(carrier: import("../transports/transport.js").Connection) => import("./socket.js").Socket}
   *   socketOf
   */
  constructor(listener, socketOf) {
    this.#listener = listener;
    this.#socketOf = socketOf;
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
    this.#listener.close();
  }

  async *[Symbol.asyncIterator]() {
    for (let socket; (socket = await this.accept()); ) yield socket;
  }

  [DISPOSE]() {
    this.close();
  }
}
