/** wasi:sockets/udp over the datagram sockets of a network channel. */

import { POLL_RD, POLL_WR } from "../net/base.js";
import { LARGEST_DATAGRAM } from "../net/datagram_ring.js";
import { EAGAIN } from "../net/errno.js";
import { SOCK_DGRAM } from "../net/network.js";
import { familyOf, fromSocketAddress, toSocketAddress } from "./addresses.js";
import { Opening } from "./opening.js";
import { HostSocket } from "./socket.js";
import { checked } from "./socket_errors.js";

/**
 * @import { DatagramSocket } from "../net/datagram.js"
 * @import { Names } from "./names.js"
 * @import { Waiting } from "./poll.js"
 * @import { SocketAddress } from "./socket.js"
 * @import { Sockets } from "./sockets.js"
 */

/** The most datagrams that one call returns. MicroPython asks for one. */
const MOST_AT_ONCE = 16;

/** @param {Sockets} sockets */
export function udpInterfaces(sockets) {
  return {
    "wasi:sockets/udp": { UdpSocket, IncomingDatagramStream, OutgoingDatagramStream },
    "wasi:sockets/udp-create-socket": {
      createUdpSocket(/** @type {"ipv4" | "ipv6"} */ familyName) {
        const family = familyOf(familyName);
        return new UdpSocket(sockets, /** @type {DatagramSocket} */ (sockets.open(family, SOCK_DGRAM)), family);
      },
    },
  };
}

/** @extends {HostSocket<DatagramSocket>} */
class UdpSocket extends HostSocket {
  /** @type {"new" | "binding" | "bound"} */
  #state = "new";
  #local = "";
  /** @type {Opening | null} */
  #opening = null;
  /** @type {{host: string, port: number} | null} */
  #remote = null;

  /** @param {object} network @param {SocketAddress} address */
  startBind(network, address) {
    if (this.#state !== "new") throw "invalid-state";
    const { host, port } = this.named(address);
    checked(this.socket.bind(host, port), this.socket);
    this.#opening = new Opening(this.socket);
    this.#local = host;
    this.#state = "binding";
  }

  finishBind() {
    if (this.#state !== "binding") throw "not-in-progress";
    this.#opening?.finish();
    this.#state = "bound";
  }

  /** @param {SocketAddress} [remote] */
  stream(remote) {
    if (this.#state !== "bound") throw "invalid-state";
    if (remote) {
      const { host, port } = this.named(remote);
      checked(this.socket.connect(host, port), this.socket);
      this.#remote = { host, port };
    }
    const { waiting, names } = this.sockets;
    return [new IncomingDatagramStream(this.socket, waiting, this.family, names), new OutgoingDatagramStream(this.socket, waiting, names)];
  }

  localAddress() {
    if (this.#state !== "bound") throw "invalid-state";
    return toSocketAddress(this.#local, this.socket.localPort, this.family);
  }

  remoteAddress() {
    const remote = this.#remote;
    if (!remote) throw "invalid-state";
    return toSocketAddress(remote.host, remote.port, this.family);
  }

  /** @param {number} limit */
  setUnicastHopLimit(limit) {
    checked(this.socket.setOption("ttl", limit));
  }

  unicastHopLimit() {
    throw "not-supported";
  }

  subscribe() {
    return this.sockets.waiting.pollable(() => this.#state !== "binding" || (this.#opening?.isOver ?? true));
  }
}

class IncomingDatagramStream {
  #socket;
  #waiting;
  #family;
  #names;

  /**
   * @param {DatagramSocket} socket
   * @param {Waiting} waiting
   * @param {number} family
   * @param {Names} names
   */
  constructor(socket, waiting, family, names) {
    this.#socket = socket;
    this.#waiting = waiting;
    this.#family = family;
    this.#names = names;
  }

  /** @param {bigint} most */
  receive(most) {
    const datagrams = [];
    while (datagrams.length < most && datagrams.length < MOST_AT_ONCE) {
      const bytes = new Uint8Array(LARGEST_DATAGRAM);
      const count = this.#socket.recvInto(bytes, 0, bytes.length);
      if (count === -EAGAIN || (count < 0 && datagrams.length > 0)) break;
      checked(count);
      const { host, port } = this.#socket.peer ?? { host: "", port: 0 };
      datagrams.push({ data: bytes.subarray(0, count), remoteAddress: toSocketAddress(this.#names.addressOf(host, this.#family), port, this.#family) });
    }
    return datagrams;
  }

  subscribe() {
    return this.#waiting.pollable(() => this.#socket.poll(POLL_RD) !== 0);
  }
}

class OutgoingDatagramStream {
  #socket;
  #waiting;
  #names;

  /** @param {DatagramSocket} socket @param {Waiting} waiting @param {Names} names */
  constructor(socket, waiting, names) {
    this.#socket = socket;
    this.#waiting = waiting;
    this.#names = names;
  }

  checkSend() {
    return this.#socket.poll(POLL_WR) === 0 ? 0n : 1n;
  }

  /**
   * Sends one datagram. Throws if it could not be sent.
   *
   * @param {{data: Uint8Array, remoteAddress?: SocketAddress}[]} datagrams
   */
  send(datagrams) {
    if (datagrams.length === 0) return 0n;
    const [{ data, remoteAddress }] = datagrams;
    const { host, port } = remoteAddress ? this.#names.hostOf(fromSocketAddress(remoteAddress)) : { host: "", port: 0 };
    const { length } = data;
    const sent = remoteAddress ? this.#socket.sendTo(data, 0, length, host, port) : this.#socket.send(data, 0, length);
    if (sent === -EAGAIN) return 0n;
    checked(sent, this.#socket);
    const done = () => {
      const error = this.#socket.takeSendError();
      return error ? checked(-error, this.#socket) : 1n;
    };
    const outcome = this.#waiting.until(() => this.#socket.isSent());
    return typeof outcome === "number" ? done() : outcome.then(done);
  }

  subscribe() {
    return this.#waiting.pollable(() => this.#socket.poll(POLL_WR) !== 0);
  }
}
