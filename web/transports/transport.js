/** The interface of transports, which carry bytes between a page and the network. */

import { TransportError } from "./errors.js";

/**
 * @typedef {object} Connection
 * @property {() => Promise<Uint8Array | null>} read Received bytes, at least one; null at the end.
 *   The caller owns them. Unread bytes make the sender wait, if the transport can do that. One call
 *   at a time.
 * @property {(use: (bytes: Uint8Array) => void) => Promise<boolean>} [lend] As `read`, for
 *   transports that save a copy this way. `use` gets the bytes, which are valid until it returns.
 *   False at the end.
 * @property {(bytes: Uint8Array) => Promise<void>} write Sends bytes, which must not change until
 *   the promise resolves. It resolves when there is room for more bytes, not when these have
 *   arrived. One call at a time.
 * @property {() => void} [end] Sends the end of the stream after the written bytes. Only for
 *   transports that can do this without `close`.
 * @property {() => void} close Sends the end of the stream after the written bytes and frees the
 *   connection.
 * @property {Address} [peer] The other end, where it is known.
 * @property {Address} [local] This end, where it is known.
 *
 * @typedef {object} Listener
 * @property {Address} address The address on which it listens.
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
 * @typedef {{host?: string, port?: number, to?: Address}} DatagramOptions `to` is the only peer:
 *   all datagrams go to it and come from it.
 */

/**
 * Calls `use` with the next bytes of a connection; see `lend`.
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
 * A transport carries bytes that a relay may see: with TLS they are ciphertext. Its methods may be
 * called at any time and may run at the same time. They fail with errors whose `code` is the name
 * of an errno ("ECONNREFUSED"); a program gets OSError with its number.
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
   * Checks whether the network can be reached.
   *
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<void>}
   */
  async open(options) {}

  /** Ends all that was opened. Nothing can be opened afterwards. */
  close() {}
}

/**
 * A transport of any class: an object with the methods `connect` and `close`. `listen`, `datagram`
 * and `open` are optional.
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
  /** @param {TransportLike} given */
  constructor(given) {
    super();
    for (const name of [...REQUIRED, ...OPTIONAL]) {
      const method = given[name];
      if (method) Object.assign(this, { [name]: method.bind(given) });
    }
  }

  get udp() {
    return Object.hasOwn(this, "datagram");
  }
}
