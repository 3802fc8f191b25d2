/** How bytes get from a page to the network and back. */

import { TransportError } from "./errors.js";

/**
 * @typedef {object} Connection
 * @property {() => Promise<Uint8Array | null>} read Bytes that came, at least one, the caller's
 *   from now on; null at the end. What is not read makes the sender wait where the transport can do
 *   that. One call at a time.
 * @property {(use: (bytes: Uint8Array) => void) => Promise<boolean>} [lend] As `read`, where that
 *   saves a copy: `use` gets the bytes, which are its until it returns. False at the end.
 * @property {(bytes: Uint8Array) => Promise<void>} write Sends bytes, which must stay as they are
 *   until it resolves. It resolves when more is welcome, not when they arrived. One call at a time.
 * @property {() => void} [end] Sends the end of the stream after what was written, where that can
 *   be done without `close`.
 * @property {() => void} close Sends the end of the stream after what was written and frees the
 *   connection.
 * @property {Address} [peer] The other end, where it is known.
 *
 * @typedef {object} Listener
 * @property {Address} address Where it listens.
 * @property {() => Promise<Connection | null>} accept The next connection; null when it was closed.
 * @property {() => void} close
 *
 * @typedef {object} DatagramSocket
 * @property {Address} address
 * @property {(bytes: Uint8Array, to: Address) => Promise<void>} send
 * @property {() => Promise<Datagram | null>} receive The next datagram; null when it was closed.
 * @property {() => void} close
 *
 * @typedef {{host: string, port: number}} Address
 * @typedef {Address & {bytes: Uint8Array}} Datagram
 * @typedef {Address & {signal?: AbortSignal}} Target
 * @typedef {{host?: string, port?: number, backlog?: number}} ListenOptions
 * @typedef {{host?: string, port?: number, to?: Address}} DatagramOptions `to` is where all
 *   datagrams go and come from.
 */

/**
 * Has the next bytes of a connection used: see `lend`.
 *
 * @param {Connection} connection
 * @param {(bytes: Uint8Array) => void} use
 */
export async function lend(connection, use) {
  if (connection.lend) return connection.lend(use);
  const bytes = await connection.read();
  if (bytes) use(bytes);
  return bytes !== null;
}

/**
 * A transport sees only what a relay may see, which with TLS is ciphertext. Its methods may be
 * called at any time and run side by side. They fail with errors whose `code` is the name of an
 * errno ("ECONNREFUSED"); a program gets OSError with its number.
 */
export class Transport {
  /** Whether datagram() can be used. */
  get udp() {
    return false;
  }

  /**
   * Opens a TCP connection.
   *
   * @param {Target} target
   * @returns {Promise<Connection>}
   */
  async connect(target) {
    throw new TransportError("EOPNOTSUPP", `this transport cannot connect to ${target.host}`);
  }

  /**
   * Waits for TCP connections. Port 0 takes a free one.
   *
   * @param {ListenOptions} options
   * @returns {Promise<Listener>}
   */
  async listen(options) {
    throw new TransportError("EOPNOTSUPP", "this transport cannot listen");
  }

  /**
   * Opens a UDP socket.
   *
   * @param {DatagramOptions} [options]
   * @returns {Promise<DatagramSocket>}
   */
  async datagram(options) {
    throw new TransportError("EOPNOTSUPP", "this transport has no UDP");
  }

  /**
   * Looks whether the network can be reached.
   *
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<void>}
   */
  async open(options) {}

  /** Ends everything that was opened. Nothing can be opened afterwards. */
  close() {}
}

/**
 * A transport that need not be of our class: an object with the methods `connect` and `close`, and
 * those of `listen`, `datagram` and `open` that it has.
 *
 * @typedef {Pick<Transport, "connect" | "close"> & Partial<Pick<Transport, "listen" | "datagram" |
 *   "open">>} TransportLike
 */

const REQUIRED = /** @type {const} */ (["connect", "close"]);
const OPTIONAL = /** @type {const} */ (["listen", "datagram", "open"]);

/**
 * The transport that a user gave.
 *
 * @param {Transport | TransportLike} given
 * @returns {Transport}
 * @throws {TypeError} Names the method that is missing.
 */
export function asTransport(given) {
  if (given instanceof Transport) return given;
  for (const name of REQUIRED) {
    if (typeof given?.[name] !== "function") throw new TypeError(`a transport needs a method ${name}()`);
  }
  for (const name of OPTIONAL) {
    if (given[name] !== undefined && typeof given[name] !== "function") throw new TypeError(`${name} of a transport is a method`);
  }
  return new GivenTransport(given);
}

class GivenTransport extends Transport {
  #given;

  /** @param {TransportLike} given */
  constructor(given) {
    super();
    this.#given = given;
  }

  get udp() {
    return this.#given.datagram !== undefined;
  }

  /** @param {Target} target */
  connect(target) {
    return this.#given.connect(target);
  }

  /** @param {ListenOptions} options */
  listen(options) {
    return this.#given.listen?.(options) ?? super.listen(options);
  }

  /** @param {DatagramOptions} [options] */
  datagram(options) {
    return this.#given.datagram?.(options) ?? super.datagram(options);
  }

  /** @param {{signal?: AbortSignal}} [options] */
  async open(options) {
    await this.#given.open?.(options);
  }

  close() {
    this.#given.close();
  }
}
