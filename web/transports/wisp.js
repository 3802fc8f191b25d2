/** A Wisp relay: TCP and UDP, many connections over one WebSocket. */

import { DatagramQueue } from "./datagrams.js";
import { TransportError, asTransportError, throwIfAborted, within } from "./errors.js";
import { Transport } from "./transport.js";
import { WispSession } from "./wisp_session.js";
import { TCP, UDP } from "./wisp_packets.js";

/**
 * @import { Address, DatagramOptions, Target } from "./transport.js"
 * @import { WebSocketOptions } from "./websocket.js"
 * @import { WispStream } from "./wisp_session.js"
 */

/**
 * A transport over a Wisp relay, version 1. Nothing is opened before the first connection. When the
 * relay goes away, its connections fail with ECONNRESET; the next connect() opens a new WebSocket.
 *
 * @param {WebSocketOptions & {url: string}} options `url` is the relay's address, "wss://..."; a
 *   "/" is added where it does not end in one.
 * @returns {Transport}
 */
export function wisp({ url, ...options }) {
  return new WispTransport(url.endsWith("/") ? url : `${url}/`, options);
}

class WispTransport extends Transport {
  #url;
  #options;
  /** @type {Set<WispSession>} */
  #sessions = new Set();
  /** @type {Promise<void> | null} */
  #first = null;
  #closed = false;

  /** @param {string} url @param {WebSocketOptions} options */
  constructor(url, options) {
    super();
    this.#url = url;
    this.#options = options;
  }

  get udp() {
    return true;
  }

  /** @param {Target} target */
  async connect({ host, port, signal }) {
    const stream = await this.#stream(TCP, host, port, signal);
    try {
      await within(stream.opened, { signal });
    } catch (error) {
      stream.close();
      throw error;
    }
    return stream;
  }

  /** @param {DatagramOptions} [options] */
  async datagram({ port = 0 } = {}) {
    if (port !== 0) throw new TransportError("EOPNOTSUPP", "a Wisp relay has no ports to receive on");
    return new WispDatagrams((target) => this.#stream(UDP, target.host, target.port, undefined));
  }

  /** Checks whether the relay answers. @param {{signal?: AbortSignal}} [options] */
  async open({ signal } = {}) {
    if (this.#sessions.size === 0) await this.#openSession(signal);
  }

  close() {
    this.#closed = true;
    for (const session of [...this.#sessions]) session.close();
  }

  /**
   * @param {number} type
   * @param {string} host
   * @param {number} port
   * @param {AbortSignal | undefined} signal
   */
  async #stream(type, host, port, signal) {
    for (;;) {
      throwIfAborted(signal);
      for (const session of this.#sessions) {
        if (session.canTake(type)) return session.connect(type, host, port);
      }
      await this.#openSession(signal);
    }
  }

  /**
   * Opens a session. The first one shows what the relay supports, so all callers wait for it.
   *
   * @param {AbortSignal | undefined} signal
   */
  async #openSession(signal) {
    if (this.#closed) throw new TransportError("ECONNABORTED", "the transport was closed");
    const open = async () => {
      const session = await WispSession.open(this.#url, this.#options, (changed) => this.#changed(changed));
      if (this.#closed) session.close();
      else this.#sessions.add(session);
    };
    if (this.#sessions.size > 0) return within(open(), { signal });
    this.#first ??= open().finally(() => (this.#first = null));
    await within(this.#first, { signal });
  }

  /** @param {WispSession} session */
  #changed(session) {
    if (session.broken) this.#sessions.delete(session);
    else if (session.idle && this.#sessions.size > 1) session.close();
  }
}

/** A UDP socket. It has a stream of the relay for each peer. */
class WispDatagrams {
  #connect;
  /** @type {Map<string, Promise<WispStream>>} */
  #streams = new Map();
  #queue = new DatagramQueue();

  /** @param {(target: Address) => Promise<WispStream>} connect */
  constructor(connect) {
    this.#connect = connect;
  }

  address = { host: "0.0.0.0", port: 0 };

  /** @param {Uint8Array} bytes @param {Address} to */
  async send(bytes, { host, port }) {
    const key = `${host} ${port}`;
    const known = this.#streams.get(key);
    const opening = known ?? this.#open(key, { host, port });
    if (!known) this.#streams.set(key, opening);
    await (await opening).write(bytes);
  }

  receive() {
    return this.#queue.receive();
  }

  close() {
    this.#queue.close();
    for (const opening of this.#streams.values()) opening.then((stream) => stream.close(), () => {});
    this.#streams.clear();
  }

  /** @param {string} key @param {Address} target */
  async #open(key, target) {
    try {
      const stream = await this.#connect(target);
      if (this.#queue.closed) stream.close();
      this.#pump(key, target, stream);
      return stream;
    } catch (error) {
      this.#streams.delete(key);
      throw error;
    }
  }

  /** @param {string} key @param {Address} target @param {WispStream} stream */
  async #pump(key, target, stream) {
    try {
      for (let bytes; (bytes = await stream.read()) !== null; ) {
        this.#queue.push({ bytes, ...target });
      }
    } catch (error) {
      this.#queue.push(asTransportError(error));
    } finally {
      this.#streams.delete(key);
    }
  }
}
