/** wasi:sockets over a network channel: Network, RemoteNetwork, or one of the same thread. */

import { AF_INET6 } from "../net/network.js";
import { Names, nameInterfaces } from "./names.js";
import { SocketError, checked } from "./socket_errors.js";
import { tcpInterfaces } from "./tcp.js";
import { udpInterfaces } from "./udp.js";

/** What the sockets of one component share. */
export class Sockets {
  names = new Names();

  /**
   * @param {import("../net/network.js").Network} network
   * @param {import("./poll.js").Waiting} waiting
   * @param {() => void} onConnecting Called when a connection is being opened.
   */
  constructor(network, waiting, onConnecting = () => {}) {
    this.network = network;
    this.waiting = waiting;
    this.onConnecting = onConnecting;
  }

  /** A new socket of the channel. */
  open(family, type) {
    return this.get(checked(this.network.open(family, type)));
  }

  get(handle) {
    return this.network.get(handle);
  }

  familyName(family) {
    return family === AF_INET6 ? "ipv6" : "ipv4";
  }
}

/** The interfaces of wasi:sockets. */
export function socketInterfaces(network, waiting) {
  const sockets = new Sockets(network, waiting);
  class HostNetwork {}
  const instance = new HostNetwork();
  return {
    "wasi:sockets/network": { Network: HostNetwork, networkErrorCode: (error) => (error instanceof SocketError ? error.code : undefined) },
    "wasi:sockets/instance-network": { instanceNetwork: () => instance },
    ...nameInterfaces(sockets),
    ...tcpInterfaces(sockets),
    ...udpInterfaces(sockets),
  };
}
