/** A transport as a backend of the network channel; see web/net/server.js for that interface. */

import { TransportError, asTransportError } from "./errors.js";
import { Queue } from "./queue.js";

/** Options of sockets that mean nothing here, or what happens anyway. */
const HARMLESS = new Set(["reuseaddr", "keepalive", "nodelay", "broadcast", "sndbuf", "rcvbuf", "linger"]);

/**
 * @param {import("./index.js").Transport} transport
 * @returns {Omit<import("../net/server.js").Backend, "input">}
 */
export function transportBackend(transport) {
  return {
    // Names stay names: the relay is who resolves them.
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
      if (!transport.listen) throw new TransportError("EOPNOTSUPP", "nothing can be listened on over this transport");
      const listener = await transport.listen({ host, port, backlog });
      passOn(listener, events);
      return { port: listener.address.port, close: () => listener.close() };
    },

    async datagram({ host, port }, events) {
      if (!transport.datagram) throw new TransportError("EOPNOTSUPP", "this transport has no UDP");
      return new PumpedDatagrams(await transport.datagram({ host, port }), events);
    },
  };
}

async function passOn(listener, { connection }) {
  for (let incoming; (incoming = await listener.accept()) !== null; ) connection(new Incoming(incoming));
}

/** @implements {import("../net/server.js").IncomingConnection} */
class Incoming {
  constructor(connection) {
    this.connection = connection;
    this.peer = connection.peer ?? { host: "", port: 0 };
  }

  accept(events) {
    return new PumpedConnection(Promise.resolve(this.connection), events);
  }

  destroy() {
    this.connection.close();
  }
}

/** Reads a connection for as long as it is not paused. @implements {import("../net/server.js").Connection} */
class PumpedConnection {
  /** @type {import("./index.js").Connection | null} */
  #connection = null;
  #events;
  #abort;
  #over = false;
  #resumed = null;
  #resume = null;

  constructor(opening, events, abort = () => {}) {
    this.#events = events;
    this.#abort = abort;
    this.#run(opening);
  }

  write(bytes, done) {
    // The ring's memory is shared, and what is shared can neither be sent by a WebSocket nor be trusted to stay.
    this.#connection.write(bytes.slice()).then(done, (error) => this.#fail(error));
  }

  pause() {
    this.#resumed ??= new Promise((resolve) => (this.#resume = resolve));
  }

  resume() {
    this.#resume?.();
    this.#resumed = this.#resume = null;
  }

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

  setOption(name) {
    requireHarmless(name);
  }

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

  #fail(error) {
    if (this.#over) return;
    this.#over = true;
    this.#connection?.close();
    this.#events.error(asTransportError(error));
  }
}

/** @implements {import("../net/server.js").Datagrams} */
class PumpedDatagrams {
  #socket;
  #peer = null;

  constructor(socket, events) {
    this.#socket = socket;
    this.port = socket.address?.port ?? 0;
    this.#run(events);
  }

  send(bytes, host, port, done) {
    const to = host === "" ? this.#peer : { host, port };
    this.#socket.send(bytes, to).then(() => done(), (error) => done(asTransportError(error)));
  }

  async associate(host, port) {
    this.#peer = { host, port };
  }

  close() {
    this.#socket.close();
  }

  setOption(name) {
    requireHarmless(name);
  }

  async #run(events) {
    for (let failure; ; ) {
      try {
        const datagram = await this.#socket.receive();
        if (datagram === null) return;
        const { bytes, host, port } = datagram;
        if (!this.#peer || this.#peer.port === port) events.message(bytes, { host, port });
      } catch (error) {
        if (error === failure) return;
        failure = error;
        events.error(asTransportError(error));
      }
    }
  }
}

function requireHarmless(name) {
  if (!HARMLESS.has(name)) throw new TransportError("ENOPROTOOPT", `socket option ${name} is not supported here`);
}

/**
 * The program's standard input for a backend: what is given to `push` is what the program reads.
 *
 * @returns {{push: (bytes: Uint8Array) => void, end: () => void, input: import("../net/server.js").Backend["input"]}}
 */
export function inputSource() {
  const queue = new Queue();
  // A reader that was closed may still wait; what comes then belongs to the next one as well.
  let reading = null;
  const read = () => (reading ??= queue.read().finally(() => (reading = null)));
  const connection = { read, write: async () => {}, close() {} };
  return {
    push: (bytes) => queue.push(bytes),
    end: () => queue.end(),
    input: (events) => new PumpedConnection(Promise.resolve(connection), events),
  };
}
