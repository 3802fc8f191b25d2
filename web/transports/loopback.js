/**
 * A network inside the page. Programs of the same page listen on it and connect to it. No byte
 * leaves the page.
 */

import { TransportError, throwIfAborted } from "./errors.js";
import { DatagramQueue } from "./datagrams.js";
import { Queue } from "./queue.js";
import { Transport } from "./transport.js";

/** @import { Address, Connection, DatagramOptions, ListenOptions, Target } from "./transport.js" */

const FIRST_EPHEMERAL = 49152;
const LAST_PORT = 65535;
/** Bytes that one direction of a connection holds before its writer waits. */
const BUFFER = 256 * 1024;
/**
 * The most connections that wait to be accepted, with any backlog. A kernel, too, lets clients
 * beyond the backlog wait.
 */
const LONGEST_QUEUE = 1024;

/**
 * Makes a loopback network. All addresses are this one host; only ports differ.
 */
export function loopback() {
  return new LoopbackNetwork();
}

/** Whether a name means the host itself. @param {string} host */
export function isLoopback(host) {
  return host === "localhost" || host.endsWith(".localhost") || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

export class LoopbackNetwork extends Transport {
  /** @type {Map<number, LoopbackListener>} */
  #listeners = new Map();
  /** @type {Map<number, LoopbackDatagrams>} */
  #datagrams = new Map();
  #next = FIRST_EPHEMERAL;

  get udp() {
    return true;
  }

  /** Whether a program listens on a port. @param {number} port */
  listens(port) {
    return this.#listeners.has(port);
  }

  /** Whether a UDP socket has this port. @param {number} port */
  receives(port) {
    return this.#datagrams.has(port);
  }

  /** @param {Target} target */
  async connect({ host, port, signal }) {
    throwIfAborted(signal);
    const listener = this.#listeners.get(port);
    if (!listener) throw new TransportError("ECONNREFUSED", `nothing listens on ${host}:${port} in this page`);
    const [near, far] = connectionPair({ host, port }, { host: "127.0.0.1", port: this.#ephemeral(this.#listeners) });
    listener.offer(far);
    return near;
  }

  /** @param {ListenOptions} options */
  async listen({ host = "127.0.0.1", port = 0 }) {
    const address = { host: host || "127.0.0.1", port: this.#take(this.#listeners, port) };
    const listener = new LoopbackListener(address, () => this.#listeners.delete(address.port));
    this.#listeners.set(address.port, listener);
    return listener;
  }

  async datagram({ host = "127.0.0.1", port = 0 } = {}) {
    const address = { host: host || "127.0.0.1", port: this.#take(this.#datagrams, port) };
    const socket = new LoopbackDatagrams(address, {
      /** @param {Uint8Array} bytes @param {Address} to */
      send: (bytes, to) => this.#datagrams.get(to.port)?.deliver(bytes, { host: "127.0.0.1", port: address.port }),
      close: () => this.#datagrams.delete(address.port),
    });
    this.#datagrams.set(address.port, socket);
    return socket;
  }

  close() {
    for (const object of [...this.#listeners.values(), ...this.#datagrams.values()]) object.close();
  }

  /** @param {Map<number, unknown>} table @param {number} port */
  #take(table, port) {
    if (port === 0) return this.#ephemeral(table);
    if (table.has(port)) throw new TransportError("EADDRINUSE", `port ${port} of this page is taken`);
    return port;
  }

  /** @param {Map<number, unknown>} table */
  #ephemeral(table) {
    for (let tries = LAST_PORT - FIRST_EPHEMERAL; tries >= 0; tries--) {
      const port = this.#next;
      this.#next = port === LAST_PORT ? FIRST_EPHEMERAL : port + 1;
      if (!table.has(port)) return port;
    }
    throw new TransportError("EADDRNOTAVAIL", "every port of this page is taken");
  }
}

class LoopbackListener {
  /** @type {Queue<Connection>} */
  #queue = new Queue();
  #forget;

  /** @param {Address} address @param {() => void} forget */
  constructor(address, forget) {
    this.address = address;
    this.#forget = forget;
  }

  /** Gives a connection to accept(). @param {Connection} connection */
  offer(connection) {
    if (this.#queue.count >= LONGEST_QUEUE) throw new TransportError("ECONNREFUSED", `too many connections wait on port ${this.address.port}`);
    this.#queue.push(connection);
  }

  accept() {
    return this.#queue.read();
  }

  close() {
    if (this.#queue.ended) return;
    this.#forget();
    for (const connection of this.#queue.discard()) connection.close();
  }
}

class LoopbackDatagrams {
  #queue = new DatagramQueue();
  #network;

  /**
   * @param {Address} address
   * @param {{send: (bytes: Uint8Array, to: Address) => void, close: () => void}} network
   */
  constructor(address, network) {
    this.address = address;
    this.#network = network;
  }

  /** @param {Uint8Array} bytes @param {Address} from */
  deliver(bytes, from) {
    this.#queue.push({ bytes, ...from });
  }

  /** @param {Uint8Array} bytes @param {Address} to */
  async send(bytes, to) {
    this.#network.send(bytes.slice(), to);
  }

  receive() {
    return this.#queue.receive();
  }

  close() {
    this.#network.close();
    this.#queue.close();
  }
}

/** The two ends of a connection. @param {Address} server @param {Address} client */
function connectionPair(server, client) {
  /** @type {Queue<Uint8Array>} */
  const toServer = new Queue({ limit: BUFFER });
  /** @type {Queue<Uint8Array>} */
  const toClient = new Queue({ limit: BUFFER });
  return [new LoopbackConnection(toClient, toServer, server), new LoopbackConnection(toServer, toClient, client)];
}

class LoopbackConnection {
  #incoming;
  #outgoing;

  /**
   * @param {Queue<Uint8Array>} incoming
   * @param {Queue<Uint8Array>} outgoing
   * @param {Address} peer
   */
  constructor(incoming, outgoing, peer) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    /** Address of the other end. */
    this.peer = peer;
  }

  read() {
    return this.#incoming.read();
  }

  /** @param {Uint8Array} bytes */
  async write(bytes) {
    const outgoing = this.#outgoing;
    if (outgoing.ended) throw new TransportError("EPIPE", "the connection is closed");
    if (bytes.length === 0) return;
    outgoing.push(bytes.slice());
    await outgoing.room();
  }

  close() {
    this.#outgoing.end();
    this.#incoming.discard();
  }
}
