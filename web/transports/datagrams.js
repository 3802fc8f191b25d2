/** What UDP sockets receive: datagrams, and errors among them. */

import { asTransportError } from "./errors.js";
import { Queue } from "./queue.js";

/** @import { Datagram, DatagramSocket } from "./transport.js" */

/** The most that wait. Further ones are lost, as UDP allows. */
const MOST = 256;

/** What waits to be read. */
export class DatagramQueue {
  /** @type {Queue<Datagram | Error>} */
  #queue = new Queue();

  /** Whether it was closed. */
  get closed() {
    return this.#queue.ended;
  }

  /** @param {Datagram | Error} item */
  push(item) {
    if (this.#queue.count < MOST) this.#queue.push(item);
  }

  /** The next datagram; null when it was closed. Fails with an error in its turn. */
  async receive() {
    const item = await this.#queue.read();
    if (item instanceof Error) throw item;
    return item;
  }

  close() {
    this.#queue.discard();
  }
}

/**
 * Passes on what a socket receives until it is closed, or fails with the same error again.
 *
 * @param {DatagramSocket} socket
 * @param {(item: Datagram | Error) => void} use
 */
export async function pump(socket, use) {
  for (let failure; ; ) {
    try {
      const datagram = await socket.receive();
      if (datagram === null) return;
      use(datagram);
    } catch (error) {
      if (error === failure) return;
      failure = error;
      use(asTransportError(error));
    }
  }
}
