/**
 * connect(), listen() and connectDatagram(): TCP, TLS and DTLS for JavaScript, after WinterTC's
 * Sockets API.
 *
 * @typedef {object} Surroundings The parts that differ between Node and pages.
 * @property {() => import("../transports/transport.js").Transport} [defaultTransport] The host's
 *   own sockets, where it has them.
 * @property {() => Uint8Array | Promise<Uint8Array>} roots Mozilla's root certificates, in PEM.
 *
 * @typedef {object} TlsOptions
 * @property {string | Uint8Array} [ca] Authorities to trust, in PEM or DER; Mozilla's by default.
 * @property {string | Uint8Array} [cert] Our own certificates, leaf first, in PEM or DER; `key`
 *   belongs to it.
 * @property {string | Uint8Array} [key] Our private key, in PEM or DER.
 * @property {boolean} [verify] False accepts every peer: a relay or another attacker on the path
 *   can then read and change the connection.
 * @property {string} [sni] The name that is sent as SNI and that the peer's certificate must have;
 *   the host name by default.
 * @property {string[]} [alpn] Protocols to negotiate, most wanted first.
 * @property {string[]} [ciphers] Cipher suites, as ssl.SSLContext.set_ciphers() takes them.
 * @property {"TLSv1.2" | "TLSv1.3"} [minimumVersion]
 * @property {"TLSv1.2" | "TLSv1.3"} [maximumVersion]
 *
 * @typedef {TlsOptions & {secureTransport?: "off" | "on" | "starttls", allowHalfOpen?: boolean,
 *   transport?: Transport | TransportLike | TransportDescription | null, signal?: AbortSignal}}
 *   ConnectOptions
 * @typedef {{hostname: string, port: number}} SocketAddress
 */

import { loadEngine } from "../engine.js";
import { ownOptions } from "../options.js";
import { createTransport, isTransport } from "../transports/index.js";
import { asTransport } from "../transports/transport.js";
import { checkTlsOptions, contextFor, setting } from "./context.js";
import { DatagramSocket } from "./datagram_socket.js";
import { DtlsStream } from "./dtls_stream.js";
import { SocketError, raise } from "./errors.js";
import { Listener } from "./listener.js";
import { PlainStream } from "./plain_stream.js";
import { Socket } from "./socket.js";
import { TlsStream } from "./tls_stream.js";

/**
 * @import { Connection, Transport, TransportLike } from "../transports/transport.js"
 * @import { TransportDescription } from "../transports/index.js"
 * @import { Stream } from "./socket.js"
 */

/**
 * The functions for a page or for Node.
 *
 * @param {Surroundings} surroundings
 */
export function socketsFor({ defaultTransport, roots }) {
  /**
   * The transport of an option; the host's own sockets by default. @param
   * {ConnectOptions["transport"]} [transport]
   */
  async function transportOf(transport) {
    if (transport) return createTransport(transport);
    if (defaultTransport) return defaultTransport();
    throw new SocketError("ENETDOWN", "a page has no sockets of its own: give connect() a `transport`, such as { wisp: … }");
  }

  /**
   * A client's TLS over a carrier. The carrier is not opened where the settings are wrong.
   *
   * @param {() => Promise<Connection>} openCarrier
   * @param {TlsOptions} options
   * @param {string} hostname
   * @param {AbortSignal} signal
   */
  async function clientOver(openCarrier, options, hostname, signal) {
    const engine = await loadEngine();
    const context = await contextFor(options, {}, roots);
    const connection = named(options, hostname, (name) => context.connect(name, false));
    const carrier = await freedOnFailure(connection, openCarrier());
    return shakenHands(new TlsStream(engine, connection, carrier), signal);
  }

  /**
   * Opens a connection.
   *
   * @param {string | SocketAddress} address "host:port", or both apart.
   * @param {ConnectOptions} [options]
   * @returns {Socket} The socket is returned at once. `opened` resolves when it is open.
   * @throws {TypeError} for wrong addresses and options.
   */
  function connect(address, options = {}) {
    const { hostname, port } = addressOf(address);
    const { secureTransport = "off", allowHalfOpen, transport, signal, ...tls } = ownOptions(options);
    if (!KINDS.includes(secureTransport)) throw new TypeError(`secureTransport is one of ${KINDS.join(", ")}, not ${secureTransport}`);
    checkTlsOptions(tls);
    if (secureTransport === "off") refuse(tls, 'secureTransport: "on"');
    if (isTransport(transport)) asTransport(transport); // throws with the reason if it is wrong
    /** @param {AbortSignal} signal */
    const open = async (signal) => {
      const network = await transportOf(transport);
      const openCarrier = () => network.connect({ host: hostname, port, signal }).catch(raise);
      return secureTransport === "on" ? clientOver(openCarrier, tls, hostname, signal) : new PlainStream(await openCarrier());
    };
    /** @param {Promise<Stream>} stream @param {TlsOptions} options */
    const startTls = (stream, options) => {
      /** @param {AbortSignal} signal */
      const open = async (signal) => {
        const plain = /** @type {PlainStream} */ (await stream);
        return clientOver(async () => plain.release(), { ...tls, ...options }, hostname, signal).catch((error) => {
          plain.destroy();
          throw error;
        });
      };
      return new Socket(open, { secureTransport: "on", signal, allowHalfOpen });
    };
    return new Socket(open, { secureTransport, signal, allowHalfOpen, startTls });
  }

  /**
   * Waits for connections, where the transport can.
   *
   * @param {{hostname?: string, port?: number}} address Port 0 takes a free one; 127.0.0.1 by
   *   default.
   * @param {ConnectOptions} [options] With `cert` and `key` the sockets speak TLS.
   * @returns {Promise<Listener>}
   */
  async function listen({ hostname = "127.0.0.1", port = 0 }, options = {}) {
    const { transport, signal, allowHalfOpen, ...tls } = ownOptions(options);
    checkTlsOptions(tls);
    if (signal?.aborted) throw new SocketError("ERR_ABORTED", "listen() was aborted", { cause: signal.reason });
    const network = await transportOf(transport);
    const engine = await loadEngine();
    const secure = ownOptions(tls).cert !== undefined;
    if (secure) await contextFor(tls, { server: true }, roots); // so that wrong settings fail now and not at the first connection
    else refuse(tls, "cert");
    /** @param {Connection} carrier @param {AbortSignal} signal */
    const accepted = async (carrier, signal) => {
      if (!secure) return new PlainStream(carrier);
      const context = await contextFor(tls, { server: true }, roots);
      return shakenHands(new TlsStream(engine, context.connect(undefined, true), carrier), signal);
    };
    return new Listener(
      await network.listen({ host: hostname, port }).catch(raise),
      (carrier) => new Socket((signal) => accepted(carrier, signal), { secureTransport: secure ? "on" : "off", allowHalfOpen }),
      signal,
    );
  }

  /**
   * Opens a connection of DTLS 1.2.
   *
   * @param {string | SocketAddress} address "host:port", or both apart.
   * @param {ConnectOptions} [options] All but secureTransport, alpn and the versions, which DTLS
   *   does not have here.
   * @returns {DatagramSocket} The socket is returned at once. `opened` resolves when the handshake
   *   is complete.
   * @throws {TypeError} for wrong addresses and options.
   */
  function connectDatagram(address, options = {}) {
    const { hostname, port } = addressOf(address);
    const { transport, signal, ...settings } = ownOptions(options);
    const foreign = STREAMS_ONLY.find((name) => Reflect.get(settings, name) !== undefined);
    if (foreign) throw new TypeError(`${foreign} is for connect() and not for DTLS`);
    checkTlsOptions(settings);
    /** @param {AbortSignal} signal */
    const open = async (signal) => {
      const peer = { host: hostname, port };
      const [engine, network] = await Promise.all([loadEngine(), transportOf(transport)]);
      const context = await contextFor(settings, { datagrams: true }, roots);
      const connection = named(settings, hostname, (name) => context.connectDatagram(name, false));
      const carrier = await freedOnFailure(connection, network.datagram({ to: peer }).catch(raise));
      return shakenHands(new DtlsStream(engine, connection, carrier, peer), signal);
    };
    return new DatagramSocket(open, signal);
  }

  return { connect, listen, connectDatagram };
}

const encoder = new TextEncoder();

const STREAMS_ONLY = ["secureTransport", "allowHalfOpen", "alpn", "minimumVersion", "maximumVersion"];

const KINDS = ["off", "on", "starttls"];

/**
 * @template {TlsStream | DtlsStream} T
 * @param {T} stream
 * @param {AbortSignal} signal
 * @returns {Promise<T>}
 */
async function shakenHands(stream, signal) {
  const abort = () => stream.destroy();
  signal.addEventListener("abort", abort);
  try {
    if (signal.aborted) abort();
    await stream.handshake();
  } catch (error) {
    await stream.abandon();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
  return stream;
}

/**
 * Makes a connection to the name that the peer must have.
 *
 * @template T
 * @param {TlsOptions} options
 * @param {string} hostname
 * @param {(name: Uint8Array) => T} make
 */
function named(options, hostname, make) {
  const { sni } = ownOptions(options);
  return setting(sni === undefined ? "hostname" : "sni", () => make(encoder.encode(sni ?? hostname)));
}

/**
 * Frees the engine's connection where nothing comes to carry it.
 *
 * @template T
 * @param {{free(): void}} connection The engine's.
 * @param {Promise<T>} opening What carries it.
 */
function freedOnFailure(connection, opening) {
  return opening.catch((error) => {
    connection.free();
    throw error;
  });
}

/** @param {string | SocketAddress} address */
function addressOf(address) {
  if (typeof address !== "string") return checked(address?.hostname, address?.port, address ? undefined : String(address));
  const [, hostname, bracketed, port] = /^(?:([^:[\]]+)|\[([^\]]+)\]):(\d+)$/.exec(address) ?? [];
  return checked(hostname ?? bracketed, Number(port), address);
}

/** @param {string} hostname @param {number} port */
function checked(hostname, port, given = `${hostname}:${port}`) {
  const right = typeof hostname === "string" && hostname !== "" && Number.isInteger(port) && port > 0 && port < 65536;
  if (!right) throw new TypeError(`no address of a host and a port: ${given}`);
  return { hostname, port };
}

/**
 * Throws where there are settings of TLS without TLS: they would be ignored.
 *
 * @param {object} tls
 * @param {string} what The option that turns TLS on.
 */
function refuse(tls, what) {
  const [name] = Object.keys(tls);
  if (name !== undefined) throw new TypeError(`${name} is for TLS, which ${what} asks for`);
}
