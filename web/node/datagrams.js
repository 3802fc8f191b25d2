/** The host's UDP sockets, for its transport. */

import dgram from "node:dgram";
import dns from "node:dns/promises";

/** @import { Address, Datagram, DatagramOptions } from "../transports/transport.js" */

/** The most datagrams that wait for a reader. Further ones are lost, as UDP allows. */
const MOST_WAITING = 256;

/** @param {DatagramOptions} [options] @returns {Promise<HostDatagrams>} */
export async function openDatagrams({ host, port = 0, to } = {}) {
  const peer = to && (await dns.lookup(to.host));
  const socket = dgram.createSocket(peer?.family === 6 ? "udp6" : "udp4");
  await opening(socket, (ready) => socket.bind({ address: host, port, exclusive: true }, ready));
  if (to && peer) await opening(socket, (ready) => socket.connect(to.port, peer.address, ready));
  return new HostDatagrams(socket, to !== undefined);
}

/**
 * @param {dgram.Socket} socket
 * @param {(ready: (error?: Error) => void) => void} open
 * @returns {Promise<void>}
 */
function opening(socket, open) {
  return new Promise((resolve, reject) => {
    const failed = (/** @type {Error} */ error) => {
      socket.close();
      reject(error);
    };
    socket.once("error", failed);
    open((error) => {
      socket.off("error", failed);
      if (error) failed(error);
      else resolve();
    });
  });
}

class HostDatagrams {
  #socket;
  #connected;
  /** @type {Datagram[]} */
  #arrived = [];
  /**
   * The reader that waits for a datagram. @type
   * {{resolve: (datagram: Datagram | null) => void, reject: (error: Error) => void} | null}
   */
  #reader = null;
  /** @type {Error | null} */
  #failure = null;
  #closed = false;

  /** @param {dgram.Socket} socket @param {boolean} connected */
  constructor(socket, connected) {
    const { address, port } = socket.address();
    this.address = { host: address, port };
    this.#socket = socket;
    this.#connected = connected;
    socket.on("message", (bytes, { address, port }) => this.#message({ bytes, host: address, port }));
    socket.on("error", (error) => this.#fail(error));
  }

  /** @param {Uint8Array} bytes @param {Address} to @returns {Promise<void>} */
  send(bytes, to) {
    return new Promise((resolve, reject) => {
      if (this.#closed) return resolve();
      const done = (/** @type {Error | null} */ error) => (error ? reject(error) : resolve());
      if (this.#connected) this.#socket.send(bytes, done);
      else this.#socket.send(bytes, to.port, to.host, done);
    });
  }

  /** @returns {Promise<Datagram | null>} */
  receive() {
    const datagram = this.#arrived.shift();
    if (datagram) return Promise.resolve(datagram);
    if (this.#closed) return Promise.resolve(null);
    const failure = this.#failure;
    this.#failure = null;
    if (failure) return Promise.reject(failure);
    return new Promise((resolve, reject) => (this.#reader = { resolve, reject }));
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    this.#take()?.resolve(null);
  }

  /** @param {Datagram} datagram */
  #message(datagram) {
    const reader = this.#take();
    if (reader) reader.resolve(datagram);
    else if (this.#arrived.length < MOST_WAITING) this.#arrived.push(datagram);
  }

  /** @param {Error} error */
  #fail(error) {
    const reader = this.#take();
    if (reader) reader.reject(error);
    else this.#failure = error;
  }

  #take() {
    const reader = this.#reader;
    this.#reader = null;
    return reader;
  }
}
