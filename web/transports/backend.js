/** A transport as a backend of the network channel; see web/net/server.js for that interface. */

import { pump } from "./datagrams.js";
import { TransportError, asTransportError } from "./errors.js";
import { Queue } from "./queue.js";

/**
 * @import { Address, Backend, ConnectionEvents, DatagramEvents, IncomingConnection, OptionValue } from "../net/server.js"
 * @import { Connection, DatagramSocket, Listener, Transport } from "./transport.js"
 */

/** Socket options that have no effect here, or whose effect happens in any case. */
const HARMLESS = new Set(["reuseaddr", "keepalive", "nodelay", "broadcast", "sndbuf", "rcvbuf"]);

/**
 * @param {Transport} transport
 * @returns {Omit<Backend, "input">}
 */
export function transportBackend(transport) {
  return {
    // Names are not resolved here: the relay resolves them.
    async lookup(host, family) {
      if (host === "") return [{ address: "0.0.0.0", family: 4 }];
      return [{ address: host, family: family === 6 || host.includes(":") ? 6 : 4 }];
    },

    connect({ host, port }, events) {
      const abort = new AbortController();
      const opening = transport.connect({ host, port, signal: abort.signal });
      return new PumpedConnection(opening, events, () => abort.abort());
    },

    async listen({ host, port, backlog }, events) {
      const listener = await transport.listen({ host, port, backlog });
      passOn(listener, events);
      return { port: listener.address.port, close: async () => listener.close() };
    },

    async datagram({ host, port }, events) {
      return new PumpedDatagrams(await transport.datagram({ host, port }), events);
    },

    checkOption: requireHarmless,
  };
}

/** @param {Listener} listener @param {{connection: (socket: IncomingConnection) => void}} events */
async function passOn(listener, { connection }) {
  for (let incoming; (incoming = await listener.accept()) !== null; ) connection(new Incoming(incoming));
}

class Incoming {
  /** @param {Connection} connection */
  constructor(connection) {
    this.connection = connection;
    this.peer = connection.peer ?? { host: "", port: 0 };
  }

  /** @param {ConnectionEvents} events */
  accept(events) {
    return new PumpedConnection(Promise.resolve(this.connection), events);
  }

  destroy() {
    this.connection.close();
  }
}

/** Reads from a connection, unless it is paused. */
class PumpedConnection {
  /** @type {Connection | null} */
  #connection = null;
  #events;
  #abort;
  #over = false;
  /** Whether a write came after the peer's end. */
  #late = false;
  /** Resolves when the connection is resumed. @type {Promise<void> | null} */
  #resumed = null;
  /** @type {(() => void) | null} */
  #resume = null;

  /** @param {Promise<Connection>} opening @param {ConnectionEvents} events */
  constructor(opening, events, abort = () => {}) {
    this.#events = events;
    this.#abort = abort;
    this.#run(opening);
  }

  /** @param {Uint8Array} bytes @param {() => void} done */
  write(bytes, done) {
    // Copied, because the ring's memory is shared: a WebSocket cannot send shared memory, and it
    // may change.
    this.#connection?.write(bytes.slice()).then(done, (error) => {
      // A kernel takes the first write after the peer's end, and then learns of the reset.
      if (error?.code !== "EPIPE" || this.#late) return this.#fail(error);
      this.#late = true;
      done();
    });
  }

  pause() {
    this.#resumed ??= new Promise((resolve) => (this.#resume = resolve));
  }

  resume() {
    this.#resume?.();
    this.#resumed = this.#resume = null;
  }

  /** @param {() => void} done */
  end(done) {
    this.destroy();
    done();
  }

  destroy() {
    this.#over = true;
    this.#abort();
    this.#connection?.close();
    this.resume();
  }

  setOption() {} // what checkOption() lets pass has no effect

  /** @param {Promise<Connection>} opening */
  async #run(opening) {
    try {
      const connection = await opening;
      if (this.#over) return connection.close();
      this.#connection = connection;
      this.#events.open();
      while (!this.#over) {
        const piece = await connection.read();
        if (this.#over) return;
        if (piece === null) return this.#events.end();
        this.#events.data(piece);
        if (this.#resumed) await this.#resumed;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    if (this.#over) return;
    this.#over = true;
    this.#connection?.close();
    this.#events.error(asTransportError(error));
  }
}

class PumpedDatagrams {
  #socket;
  /** @type {Address | null} */
  #peer = null;

  /** @param {DatagramSocket} socket @param {DatagramEvents} events */
  constructor(socket, events) {
    this.#socket = socket;
    this.port = socket.address?.port ?? 0;
    pump(socket, (item) => {
      if (item instanceof Error) return events.error(item);
      const { bytes, host, port } = item;
      if (!this.#peer || this.#peer.port === port) events.message(bytes, { host, port });
    });
  }

  /**
   * @param {Uint8Array} bytes
   * @param {string} host
   * @param {number} port
   * @param {(error?: Error | null) => void} done
   */
  send(bytes, host, port, done) {
    const to = host === "" && this.#peer ? this.#peer : { host, port };
    this.#socket.send(bytes, to).then(() => done(), (error) => done(asTransportError(error)));
  }

  /** @param {string} host @param {number} port */
  async associate(host, port) {
    this.#peer = { host, port };
  }

  close() {
    this.#socket.close();
  }

  setOption() {} // what checkOption() lets pass has no effect
}

/** @param {string} name @param {OptionValue} value */
function requireHarmless(name, value) {
  const off = name === "linger" && Number(value) < 0;
  if (!off && !HARMLESS.has(name)) throw new TransportError("ENOPROTOOPT", `socket option ${name} is not supported here`);
}

/**
 * The program's standard input for a backend. The program reads the bytes that are given to `push`.
 *
 * @returns {{push: (bytes: Uint8Array) => void, end: () => void, input: Backend["input"]}}
 */
export function inputSource() {
  /** @type {Queue<Uint8Array>} */
  const queue = new Queue();
  // A closed reader may still wait. The bytes that it gets are for the next reader.
  /** @type {Promise<Uint8Array | null> | null} */
  let reading = null;
  const read = () => (reading ??= queue.read().finally(() => (reading = null)));
  const connection = { read, write: async () => {}, close() {} };
  return {
    push: (bytes) => queue.push(bytes),
    end: () => queue.end(),
    input: (events) => new PumpedConnection(Promise.resolve(connection), events),
  };
}
