/** The common part of the sockets of wasi:sockets/tcp and udp. */

import { DROP } from "../dispose.js";
import { familyOf, fromSocketAddress } from "./addresses.js";
import { checked } from "./socket_errors.js";

/**
 * @import { DatagramSocket } from "../net/datagram.js"
 * @import { OptionValue } from "../net/server.js"
 * @import { StreamSocket } from "../net/stream.js"
 * @import { Sockets } from "./sockets.js"
 *
 * @typedef {{tag: "ipv4" | "ipv6", val: {port: number, address: number[]}}} SocketAddress
 */

/** @template {StreamSocket | DatagramSocket} T */
export class HostSocket {
  /**
   * @param {Sockets} sockets
   * @param {T} socket Of the channel.
   * @param {number} family
   */
  constructor(sockets, socket, family) {
    this.sockets = sockets;
    this.socket = socket;
    this.family = family;
    socket.timeout = 0;
  }

  addressFamily() {
    return this.sockets.familyName(this.family);
  }

  /** @param {bigint} size */
  setReceiveBufferSize(size) {
    checked(this.setOption("rcvbuf", Number(size)));
  }

  /** @param {bigint} size */
  setSendBufferSize(size) {
    checked(this.setOption("sndbuf", Number(size)));
  }

  /**
   * Sets an option that WASI lacks. Returns 0 or -errno.
   *
   * @param {string} name
   * @param {OptionValue} value
   */
  setOption(name, value) {
    return this.socket.setOption(name, value);
  }

  receiveBufferSize() {
    throw "not-supported";
  }

  sendBufferSize() {
    throw "not-supported";
  }

  [DROP]() {
    this.socket.close();
  }

  /** An address of the socket's family, as the channel has it. @param {SocketAddress} address */
  named(address) {
    if (familyOf(address.tag) !== this.family) throw "invalid-argument";
    return this.sockets.names.hostOf(fromSocketAddress(address));
  }
}
