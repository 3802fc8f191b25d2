/** Connections over pairs of Web streams: of WebTransport, of tests, or of a page's own making. */

import { TransportError, asTransportError, within } from "./errors.js";
import { Transport } from "./transport.js";

/**
 * @import { Target } from "./transport.js"
 *
 * @typedef {{readable: ReadableStream<Uint8Array>, writable: WritableStream<Uint8Array>}}
 *   StreamPair
 */

/**
 * A transport whose connections are pairs of streams of bytes.
 *
 * @param {object} options
 * @param {(target: Target) => Promise<StreamPair>} options.open Makes a connection. It fails with
 *   an error whose `code` is the name of an errno.
 * @returns {Transport}
 */
export function streams({ open }) {
  if (typeof open !== "function") throw new TypeError("streams() needs a function `open`");
  return new StreamsTransport(open);
}

class StreamsTransport extends Transport {
  #open;
  /** @type {Set<StreamConnection>} */
  #all = new Set();

  /** @param {(target: Target) => Promise<StreamPair>} open */
  constructor(open) {
    super();
    this.#open = open;
  }

  /** @param {Target} target */
  async connect({ host, port, signal }) {
    let pair;
    try {
      pair = await within(Promise.resolve(this.#open({ host, port, signal })), { signal });
    } catch (error) {
      throw asTransportError(error, "ECONNREFUSED");
    }
    const connection = new StreamConnection(pair, this.#all);
    this.#all.add(connection);
    return connection;
  }

  close() {
    for (const connection of this.#all) connection.close();
  }
}

class StreamConnection {
  #reader;
  #writer;
  #all;
  #closed = false;

  /**
   * @param {StreamPair} pair Owned from now on.
   * @param {Set<StreamConnection>} all The set that the connection leaves when it is closed.
   */
  constructor({ readable, writable }, all) {
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {});
    this.#all = all;
  }

  async read() {
    try {
      for (;;) {
        const { value, done } = await this.#reader.read();
        if (done) return null;
        if (value.length > 0) return value;
      }
    } catch (error) {
      throw asTransportError(error, "ECONNRESET");
    }
  }

  /** @param {Uint8Array} bytes */
  async write(bytes) {
    if (this.#closed) throw new TransportError("EPIPE", "the connection was closed here");
    try {
      await this.#writer.write(bytes);
    } catch (error) {
      throw asTransportError(error, "EPIPE");
    }
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#all.delete(this);
    this.#reader.cancel().catch(() => {});
    this.#writer.close().catch(() => {});
  }
}
