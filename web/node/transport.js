/**
 * The host's own sockets as a transport; see web/transports/transport.js for the interface. For
 * Node, Deno and Bun.
 */

import net from "node:net";

import { Queue } from "../transports/queue.js";
import { Transport } from "../transports/transport.js";
import { closeGently } from "./closing.js";
import { openDatagrams } from "./datagrams.js";

/** @import { Connection, DatagramOptions, DatagramSocket, ListenOptions, Listener, Target } from "../transports/transport.js" */

/** The most bytes that are kept for a slow reader. With more the peer has to wait. */
const READ_LIMIT = 256 * 1024;

/**
 * The receive buffer of all connections that we open. Bytes lie here until they are used or copied.
 */
const arrival = new Uint8Array(64 * 1024);

export class HostTransport extends Transport {
  /** @param {Target} target @returns {Promise<Connection>} */
  connect({ host, port, signal }) {
    return new Promise((resolve, reject) => {
      /** @type {HostConnection} */
      let connection;
      const onread = {
        buffer: arrival,
        /** @param {number} count */
        callback(count) {
          connection.arrived(arrival.subarray(0, count), true);
          return true;
        },
      };
      const socket = net.connect({ host, port, signal, noDelay: true, allowHalfOpen: true, onread });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        connection = new HostConnection(socket);
        resolve(connection);
      });
    });
  }

  /** @param {ListenOptions} options @returns {Promise<Listener>} */
  listen({ host, port }) {
    const listener = new HostListener();
    return listener.listen(host, port);
  }

  get udp() {
    return true;
  }

  /** @param {DatagramOptions} [options] @returns {Promise<DatagramSocket>} */
  datagram(options) {
    return openDatagrams(options);
  }
}

class HostListener {
  /** @type {Queue<HostConnection>} */
  #queue = new Queue();
  #server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = new HostConnection(socket);
    socket.on("data", (bytes) => connection.arrived(bytes));
    this.#queue.push(connection);
  });
  address = { host: "", port: 0 };

  /**
   * @param {string} [host]
   * @param {number} [port]
   * @returns {Promise<this>} When it listens.
   */
  listen(host, port) {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", reject);
        const { address, port } = /** @type {import("node:net").AddressInfo} */ (this.#server.address());
        this.address = { host: address, port };
        resolve(this);
      });
    });
  }

  accept() {
    return this.#queue.read();
  }

  close() {
    this.#server.close();
    for (const connection of this.#queue.discard()) connection.close();
  }
}

class HostConnection {
  #socket;
  /** @type {Uint8Array[]} */
  #arrived = [];
  #length = 0;
  /**
   * The reader that waits for bytes. @type
   * {{use: (bytes: Uint8Array) => void, resolve: (more: boolean) => void, reject: (error: unknown)
   * => void} | null}
   */
  #reader = null;
  #ended = false;
  #closed = false;
  /** @type {Error | null} */
  #failure = null;

  /** @param {import("node:net").Socket} socket */
  constructor(socket) {
    this.#socket = socket;
    this.peer = { host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    this.local = { host: socket.localAddress ?? "", port: socket.localPort ?? 0 };
    socket.on("end", () => this.#end());
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end());
  }

  /** @returns {Promise<Uint8Array | null>} */
  async read() {
    /** @type {Uint8Array | null} */
    let taken = null;
    await this.lend((bytes) => (taken = bytes.slice()));
    return taken;
  }

  /** @param {(bytes: Uint8Array) => void} use @returns {Promise<boolean>} */
  lend(use) {
    return new Promise((resolve, reject) => {
      const bytes = this.#arrived.shift();
      if (bytes) {
        this.#length -= bytes.length;
        if (this.#length < READ_LIMIT && this.#socket.isPaused()) this.#socket.resume();
        use(bytes);
        resolve(true);
      } else if (this.#failure) {
        reject(this.#failure);
      } else if (this.#ended) {
        resolve(false);
      } else {
        this.#reader = { use, resolve, reject };
      }
    });
  }

  /**
   * Takes received bytes. @param {Uint8Array} bytes @param {boolean} [lent] Whether the bytes are
   * valid during this call only.
   */
  arrived(bytes, lent = false) {
    if (this.#closed) return;
    if (this.#reader) {
      const { use, resolve, reject } = this.#reader;
      this.#reader = null;
      try {
        use(bytes);
        resolve(true);
      } catch (error) {
        reject(error);
      }
      return;
    }
    this.#arrived.push(lent ? bytes.slice() : bytes);
    this.#length += bytes.length;
    if (this.#length >= READ_LIMIT) this.#socket.pause();
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    return new Promise((/** @type {(value?: undefined) => void} */ resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      const room = this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      if (room) resolve();
    });
  }

  /** Sends the end of the stream. */
  end() {
    this.#socket.end();
  }

  close() {
    this.#closed = true;
    closeGently(this.#socket);
    this.#end();
  }

  /** @param {Error} [error] */
  #end(error) {
    this.#failure ??= error ?? null;
    this.#ended = true;
    if (!this.#reader) return;
    const { resolve, reject } = this.#reader;
    this.#reader = null;
    if (this.#failure) reject(this.#failure);
    else resolve(false);
  }
}
