/** Connections made of pairs of streams: WebTransport, tests, or whatever a page has of its own. */

import { TransportError, asTransportError, within } from "./errors.js";

/**
 * A transport whose connections are pairs of streams of bytes.
 *
 * @param {object} options
 * @param {(target: {host: string, port: number, signal?: AbortSignal}) => Promise<{readable: ReadableStream<Uint8Array>,
 *   writable: WritableStream<Uint8Array>}>} options.open Makes a connection. It fails with an error whose `code` is the name of an errno.
 * @returns {import("./index.js").Transport}
 */
export function streams({ open }) {
  const all = new Set();
  return {
    async connect({ host, port, signal }) {
      let pair;
      try {
        pair = await within(Promise.resolve(open({ host, port, signal })), { signal });
      } catch (error) {
        throw asTransportError(error, "ECONNREFUSED");
      }
      const connection = new StreamConnection(pair, all);
      all.add(connection);
      return connection;
    },
    close() {
      for (const connection of all) connection.close();
    },
  };
}

/** @implements {import("./index.js").Connection} */
export class StreamConnection {
  #reader;
  #writer;
  #all;
  #closed = false;

  /**
   * @param {{readable: ReadableStream<Uint8Array>, writable: WritableStream<Uint8Array>}} pair Owned from now on.
   * @param {Set<StreamConnection>} [all] Forgets it when it is closed.
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
    this.#all?.delete(this);
    this.#reader.cancel().catch(() => {});
    this.#writer.close().catch(() => {});
  }
}
