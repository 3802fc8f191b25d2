/** wasi:sockets over a network channel: Network, RemoteNetwork, or a channel on one thread. */

import { AF_INET6 } from "../net/network.js";
import { Names, nameInterfaces } from "./names.js";
import { SocketError, checked } from "./socket_errors.js";
import { tcpInterfaces } from "./tcp.js";
import { udpInterfaces } from "./udp.js";

/**
 * @import { LookupAnswer, Socket } from "../net/network.js"
 * @import { RemoteSocket } from "../net/remote_network.js"
 * @import { StreamSocket } from "../net/stream.js"
 * @import { Waiting, Waits } from "./poll.js"
 *
 * @typedef {Waits & Channel} SocketNetwork The common part of Network and RemoteNetwork that is
 *   used here.
 *
 * @typedef {object} Channel
 * @property {(family: number, type: number) => number} open
 * @property {(handle: number) => Socket | RemoteSocket | undefined} get
 * @property {(host: string, family: number) => LookupAnswer} lookup
 * @property {() => StreamSocket | RemoteSocket | null | undefined} openInput
 */

/** The state that the sockets of one component share. */
export class Sockets {
  names = new Names();

  /**
   * @param {SocketNetwork} network
   * @param {Waiting} waiting
   * @param {() => void} onConnecting Called when a connection is being opened.
   */
  constructor(network, waiting, onConnecting = () => {}) {
    this.network = network;
    this.waiting = waiting;
    this.onConnecting = onConnecting;
  }

  /** A new socket of the channel. @param {number} family @param {number} type @returns {Socket} */
  open(family, type) {
    return this.get(checked(this.network.open(family, type)));
  }

  /** @param {number} handle The handle of an open socket. @returns {Socket} */
  get(handle) {
    return /** @type {Socket} */ (this.network.get(handle));
  }

  /** @param {number} family */
  familyName(family) {
    return family === AF_INET6 ? "ipv6" : "ipv4";
  }
}

/** The interfaces of wasi:sockets. @param {SocketNetwork} network @param {Waiting} waiting */
export function socketInterfaces(network, waiting) {
  const sockets = new Sockets(network, waiting);
  class HostNetwork {}
  const instance = new HostNetwork();
  return {
    "wasi:sockets/network": { Network: HostNetwork, networkErrorCode: (/** @type {unknown} */ error) => (error instanceof SocketError ? error.code : undefined) },
    "wasi:sockets/instance-network": { instanceNetwork: () => instance },
    ...nameInterfaces(sockets),
    ...tcpInterfaces(sockets),
    ...udpInterfaces(sockets),
  };
}
