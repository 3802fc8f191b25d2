/** The host's UDP sockets, for its transport. */

import dgram from "node:dgram";
import dns from "node:dns/promises";

import { DatagramQueue } from "../transports/datagrams.js";

/** @import { Address, DatagramOptions } from "../transports/transport.js" */

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
  #queue = new DatagramQueue();

  /** @param {dgram.Socket} socket @param {boolean} connected */
  constructor(socket, connected) {
    const { address, port } = socket.address();
    this.address = { host: address, port };
    this.#socket = socket;
    this.#connected = connected;
    socket.on("message", (bytes, { address, port }) => this.#queue.push({ bytes, host: address, port }));
    socket.on("error", (error) => this.#queue.push(error));
  }

  /** @param {Uint8Array} bytes @param {Address} to @returns {Promise<void>} */
  send(bytes, to) {
    return new Promise((resolve, reject) => {
      if (this.#queue.closed) return resolve();
      const done = (/** @type {Error | null} */ error) => (error ? reject(error) : resolve());
      if (this.#connected) this.#socket.send(bytes, done);
      else this.#socket.send(bytes, to.port, to.host, done);
    });
  }

  receive() {
    return this.#queue.receive();
  }

  close() {
    if (this.#queue.closed) return;
    this.#queue.close();
    this.#socket.close();
  }
}
