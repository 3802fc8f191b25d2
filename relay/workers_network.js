/** Sockets of workerd, the runtime of Cloudflare's Workers, for a relay's clients. */

import { connect as open } from "cloudflare:sockets";

/** @import { SocketEvents } from "./client.js" */

/**
 * Looks names up by DNS over HTTPS.
 *
 * @param {string} resolver Its address, for answers in JSON.
 */
export function lookupBy(resolver) {
  /**
   * @param {string} name
   * @param {keyof typeof TYPES} type
   * @returns {Promise<string[]>}
   */
  const ask = async (name, type) => {
    const response = await fetch(`${resolver}?name=${name}&type=${type}`, { headers: { Accept: "application/dns-json" } });
    if (!response.ok) throw failure("EAI_AGAIN", new Error(`${resolver} answered ${response.status}`));
    /** @type {{Answer?: {type: number, data: string}[]}} */
    const { Answer = [] } = await response.json();
    return Answer.filter((record) => record.type === TYPES[type]).map(({ data }) => data);
  };
  return async (/** @type {string} */ name) => (await Promise.all([ask(name, "A"), ask(name, "AAAA")])).flat();
}

/** Bytes that are read at once; without a buffer of ours it is 4 KiB. */
const CHUNK = 64 * 1024;
const TYPES = { A: 1, AAAA: 28 };

/** @type {import("./client.js").Network["connect"]} */
export function connect({ addresses, port }, events) {
  const connection = new Connection(events);
  connection.run(addresses, port);
  return connection;
}

class Connection {
  #events;
  /** @type {import("cloudflare:sockets").Socket | null} */
  #socket = null;
  /** @type {WritableStreamDefaultWriter<Uint8Array> | undefined} */
  #writer;
  /** @type {Promise<unknown>} */
  #whenOpen;
  #opened = () => {};
  /** What was asked for, one after the other. @type {Promise<unknown>} */
  #tail;
  /** @type {Promise<unknown>} */
  #reading = Promise.resolve();
  /** @type {(() => void) | null} */
  #readOn = null;
  #over = false;

  /** @param {SocketEvents} events */
  constructor(events) {
    this.#events = events;
    this.#whenOpen = new Promise((resolve) => (this.#opened = () => resolve(undefined)));
    this.#tail = this.#whenOpen;
  }

  /** @param {string[]} addresses @param {number} port */
  async run(addresses, port) {
    try {
      await this.#open(addresses, port);
      const socket = this.#socket;
      if (!socket) return;
      const reader = socket.readable.getReader({ mode: "byob" });
      for (;;) {
        await this.#reading;
        const { value, done } = await reader.read(new Uint8Array(CHUNK));
        if (done) break;
        if (!this.#over) this.#events.data(value);
      }
      if (!this.#over) this.#events.end();
      await this.#tail;
    } catch (error) {
      if (!this.#over) this.#events.failed(failure(this.#writer ? "ECONNRESET" : "EIO", error));
    }
    this.destroy();
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    this.#then(async () => {
      await this.#writer?.write(bytes);
      this.#events.wrote(bytes);
    });
  }

  end() {
    this.#then(() => this.#writer?.close());
  }

  /** @param {boolean} on */
  read(on) {
    if (on) this.#readOn?.();
    else this.#reading = new Promise((resolve) => (this.#readOn = () => resolve(undefined)));
  }

  destroy() {
    if (this.#over) return;
    this.#over = true;
    this.#readOn?.();
    this.#opened();
    Promise.resolve(this.#socket?.close()).then(this.#events.closed, this.#events.closed);
  }

  /**
   * One address after the other: those that were checked, and no others.
   *
   * @param {string[]} addresses
   * @param {number} port
   */
  async #open(addresses, port) {
    for (const [i, address] of addresses.entries()) {
      const socket = open({ hostname: address.includes(":") ? `[${address}]` : address, port }, { allowHalfOpen: true });
      socket.closed.catch(() => {});
      this.#socket = socket;
      try {
        await socket.opened;
        if (this.#over) return void socket.close();
        this.#writer = socket.writable.getWriter();
        this.#opened();
        return this.#events.connected(address);
      } catch (error) {
        if (i === addresses.length - 1 || this.#over) throw error;
      }
    }
  }

  /** @param {() => unknown} step */
  #then(step) {
    this.#tail = this.#tail.then(() => this.#writer && !this.#over && step());
    this.#tail.catch((error) => {
      if (!this.#over) this.#events.failed(failure("ECONNRESET", error));
    });
  }
}

/**
 * @param {string} code The name of an errno.
 * @param {unknown} cause
 */
function failure(code, cause) {
  return Object.assign(new Error(cause instanceof Error ? cause.message : String(cause), { cause }), { code });
}
