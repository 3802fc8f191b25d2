/** A network inside the page and, beside it, a relay to the world outside. */

import { TransportError } from "./errors.js";
import { Queue } from "./queue.js";
import { isLoopback } from "./loopback.js";

/**
 * A transport of two: what listens inside the page is there for 127.0.0.1 and localhost; everything else goes to the relay, also ports
 * of 127.0.0.1 on which nothing in the page listens, which then are the relay's.
 *
 * @param {import("./index.js").Transport & {listens: (port: number) => boolean, receives: (port: number) => boolean}} loopback
 * @param {import("./index.js").Transport | null} relay
 * @returns {import("./index.js").Transport}
 */
export function inPage(loopback, relay) {
  return {
    connect(target) {
      const inside = isLoopback(target.host) && (!relay || loopback.listens(target.port));
      if (inside) return loopback.connect(target);
      if (relay) return relay.connect(target);
      return Promise.reject(noRelay(target.host));
    },
    listen: (options) => loopback.listen(options),
    async datagram(options = {}) {
      const inside = await loopback.datagram(options);
      const staysInside = ({ host, port }) => isLoopback(host) && (!relay?.datagram || loopback.receives(port));
      return new Datagrams(inside, staysInside, (host) => {
        if (relay?.datagram) return relay.datagram();
        throw relay ? new TransportError("EOPNOTSUPP", "this relay has no UDP") : noRelay(host);
      });
    },
    async open(options) {
      if (!relay) throw new TransportError("ENETUNREACH", "no relay is set");
      await relay.open?.(options);
    },
    close() {
      loopback.close();
      relay?.close();
    },
  };
}

/** Datagrams that may wait to be read; more are lost, as UDP may lose them. */
const DATAGRAMS = 256;

/** A UDP socket with one foot in the page and, from the first datagram on that leaves it, another one at the relay. */
class Datagrams {
  #inside;
  #outside = null;
  #staysInside;
  #openOutside;
  #queue = new Queue();

  constructor(inside, staysInside, openOutside) {
    this.address = inside.address;
    this.#inside = inside;
    this.#staysInside = staysInside;
    this.#openOutside = openOutside;
    this.#pump(inside);
  }

  async send(bytes, to) {
    if (this.#staysInside(to)) return this.#inside.send(bytes, to);
    if (!this.#outside) {
      this.#outside = Promise.resolve(this.#openOutside(to.host));
      this.#outside.then((socket) => this.#pump(socket), () => (this.#outside = null));
    }
    return (await this.#outside).send(bytes, to);
  }

  async receive() {
    const item = await this.#queue.read();
    if (item instanceof Error) throw item;
    return item;
  }

  close() {
    this.#inside.close();
    this.#outside?.then((socket) => socket.close(), () => {});
    this.#queue.discard();
  }

  async #pump(socket) {
    for (let failure; ; ) {
      try {
        const datagram = await socket.receive();
        if (datagram === null || this.#queue.ended) return;
        if (this.#queue.count < DATAGRAMS) this.#queue.push(datagram);
      } catch (error) {
        if (error === failure) return;
        failure = error;
        this.#queue.push(error);
      }
    }
  }
}

function noRelay(host) {
  return new TransportError("ENETUNREACH", `${host} cannot be reached: no relay is set, only 127.0.0.1 inside the page`);
}
