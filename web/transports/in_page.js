/** A network inside the page, combined with a relay to the network outside. */

import { DatagramQueue, pump } from "./datagrams.js";
import { TransportError } from "./errors.js";
import { isLoopback } from "./loopback.js";
import { Transport, asTransport } from "./transport.js";

/**
 * @import { Address, Datagram, DatagramOptions, DatagramSocket, ListenOptions, Target, TransportLike } from "./transport.js"
 * @import { LoopbackNetwork } from "./loopback.js"
 *
 * @typedef {Transport & Pick<LoopbackNetwork, "listens" | "receives">} Inside
 */

/**
 * Combines two transports. 127.0.0.1 and localhost reach programs that listen inside the page.
 * Every other target goes to the relay. So does a port of 127.0.0.1 on which no program in the page
 * listens: it is then a port of the relay's machine.
 *
 * @param {Inside} loopback
 * @param {Transport | TransportLike | null} relay
 * @returns {Transport}
 */
export function inPage(loopback, relay) {
  return new InPageTransport(loopback, relay);
}

class InPageTransport extends Transport {
  #loopback;
  #relay;

  /** @param {Inside} loopback @param {Transport | TransportLike | null} relay */
  constructor(loopback, relay) {
    super();
    this.#loopback = loopback;
    this.#relay = relay && asTransport(relay);
  }

  get udp() {
    return true;
  }

  /** @param {Target} target */
  async connect(target) {
    const inside = isLoopback(target.host) && (!this.#relay || this.#loopback.listens(target.port));
    if (inside) return this.#loopback.connect(target);
    if (this.#relay) return this.#relay.connect(target);
    throw noRelay(target.host);
  }

  /** @param {ListenOptions} options */
  listen(options) {
    return this.#loopback.listen(options);
  }

  /** @param {DatagramOptions} [options] */
  async datagram(options = {}) {
    const loopback = this.#loopback;
    const relay = this.#relay;
    const inside = await loopback.datagram(options);
    /** @param {Address} to */
    const staysInside = ({ host, port }) => isLoopback(host) && (!relay?.udp || loopback.receives(port));
    return new Datagrams(inside, staysInside, async (host) => {
      if (relay?.udp) return relay.datagram();
      throw relay ? new TransportError("EOPNOTSUPP", "this relay has no UDP") : noRelay(host);
    });
  }

  /** @param {{signal?: AbortSignal}} [options] */
  async open(options) {
    if (!this.#relay) throw new TransportError("ENETUNREACH", "no relay is set");
    await this.#relay.open(options);
  }

  close() {
    this.#loopback.close();
    this.#relay?.close();
  }
}

/**
 * A UDP socket inside the page. Its first datagram to the outside opens a second socket at the
 * relay.
 */
class Datagrams {
  #inside;
  /** @type {Promise<DatagramSocket> | null} */
  #outside = null;
  #staysInside;
  #openOutside;
  #queue = new DatagramQueue();
  #push = (/** @type {Datagram | Error} */ item) => this.#queue.push(item);

  /**
   * @param {DatagramSocket} inside
   * @param {(to: Address) => boolean} staysInside
   * @param {(host: string) => Promise<DatagramSocket>} openOutside
   */
  constructor(inside, staysInside, openOutside) {
    this.address = inside.address;
    this.#inside = inside;
    this.#staysInside = staysInside;
    this.#openOutside = openOutside;
    pump(inside, this.#push);
  }

  /** @param {Uint8Array} bytes @param {Address} to */
  async send(bytes, to) {
    if (this.#staysInside(to)) return this.#inside.send(bytes, to);
    if (!this.#outside) {
      this.#outside = this.#openOutside(to.host);
      this.#outside.then((socket) => pump(socket, this.#push), () => (this.#outside = null));
    }
    return (await this.#outside).send(bytes, to);
  }

  receive() {
    return this.#queue.receive();
  }

  close() {
    this.#inside.close();
    this.#outside?.then((socket) => socket.close(), () => {});
    this.#queue.close();
  }
}

/** @param {string} host */
function noRelay(host) {
  return new TransportError("ENETUNREACH", `${host} cannot be reached: no relay is set, only 127.0.0.1 inside the page`);
}
