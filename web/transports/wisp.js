/** A Wisp relay: TCP and UDP, many connections over one WebSocket. */

import { TransportError, throwIfAborted, within } from "./errors.js";
import { Queue } from "./queue.js";
import { WispSession } from "./wisp_session.js";
import { TCP, UDP } from "./wisp_packets.js";

/** Datagrams that may wait to be read; more are lost, as UDP may lose them. */
const DATAGRAMS = 256;

/**
 * A transport over a Wisp relay, version 1. Nothing is opened before the first connection. When the relay goes away, its connections
 * fail with ECONNRESET; the next connect() opens a new WebSocket.
 *
 * @param {object} options
 * @param {string} options.url Address of the relay, "wss://..."; a "/" is added where it does not end in one.
 * @returns {import("./index.js").Transport}
 */
export function wisp({ url, ...options }) {
  return new WispTransport(url.endsWith("/") ? url : `${url}/`, options);
}

class WispTransport {
  #url;
  #options;
  /** @type {Set<WispSession>} */
  #sessions = new Set();
  #first = null;
  #closed = false;

  constructor(url, options) {
    this.#url = url;
    this.#options = options;
  }

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

  async datagram({ port = 0 } = {}) {
    if (port !== 0) throw new TransportError("EOPNOTSUPP", "a Wisp relay has no ports to receive on");
    return new WispDatagrams((target) => this.#stream(UDP, target.host, target.port));
  }

  /** Looks that the relay is there. */
  async open({ signal } = {}) {
    if (this.#sessions.size === 0) await this.#openSession(signal);
  }

  close() {
    this.#closed = true;
    for (const session of [...this.#sessions]) session.close();
  }

  async #stream(type, host, port, signal) {
    for (;;) {
      throwIfAborted(signal);
      for (const session of this.#sessions) {
        if (session.canTake(type)) return session.connect(type, host, port);
      }
      await this.#openSession(signal);
    }
  }

  /** Opens a session. The first one tells what the relay can do, so everybody waits for it. */
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

  #changed(session) {
    if (session.broken) this.#sessions.delete(session);
    else if (session.idle && this.#sessions.size > 1) session.close();
  }
}

/** A UDP socket: a stream of the relay for each address that is sent to. @implements {import("./index.js").DatagramSocket} */
class WispDatagrams {
  #connect;
  #streams = new Map();
  #queue = new Queue();
  #closed = false;

  constructor(connect) {
    this.#connect = connect;
  }

  address = { host: "0.0.0.0", port: 0 };

  async send(bytes, { host, port }) {
    const key = `${host} ${port}`;
    if (!this.#streams.has(key)) this.#streams.set(key, this.#open(key, { host, port }));
    const stream = await this.#streams.get(key);
    await stream.write(bytes);
  }

  async receive() {
    const item = await this.#queue.read();
    if (item instanceof Error) throw item;
    return item;
  }

  close() {
    this.#closed = true;
    this.#queue.discard();
    for (const opening of this.#streams.values()) opening.then((stream) => stream.close(), () => {});
    this.#streams.clear();
  }

  async #open(key, target) {
    try {
      const stream = await this.#connect(target);
      if (this.#closed) stream.close();
      this.#pump(key, target, stream);
      return stream;
    } catch (error) {
      this.#streams.delete(key);
      throw error;
    }
  }

  async #pump(key, target, stream) {
    try {
      for (let bytes; (bytes = await stream.read()) !== null; ) {
        if (this.#queue.count < DATAGRAMS) this.#queue.push({ bytes, ...target });
      }
    } catch (error) {
      this.#queue.push(error);
    } finally {
      this.#streams.delete(key);
    }
  }
}
