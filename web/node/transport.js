/** The host's own sockets as a transport; see web/transports/index.js for the interface. For Node, Deno and Bun. */

import net from "node:net";

/** How much is kept for a reader that is slow before the peer has to wait, in bytes. */
const AHEAD = 256 * 1024;

/** @returns {import("../transports/index.js").Transport} */
export function hostTransport() {
  return { connect, listen, close() {} };
}

function connect({ host, port, signal }) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, signal, noDelay: true, allowHalfOpen: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(new HostConnection(socket));
    });
  });
}

function listen({ host, port }) {
  const waiting = [];
  const accepting = [];
  let closed = false;
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = new HostConnection(socket);
    if (accepting.length) accepting.shift()(connection);
    else waiting.push(connection);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      const { address, port } = server.address();
      resolve({
        address: { host: address, port },
        accept: () => new Promise((taken) => (closed ? taken(null) : waiting.length ? taken(waiting.shift()) : accepting.push(taken))),
        close() {
          closed = true;
          server.close();
          for (const connection of waiting.splice(0)) connection.close();
          for (const taken of accepting.splice(0)) taken(null);
        },
      });
    });
  });
}

/** @implements {import("../transports/index.js").Connection} */
class HostConnection {
  #socket;
  #arrived = [];
  #length = 0;
  /** Who waits for bytes. @type {{resolve: (bytes: Uint8Array | null) => void, reject: (error: Error) => void} | null} */
  #reader = null;
  #ended = false;
  #failure = null;

  constructor(socket) {
    this.#socket = socket;
    this.peer = { host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    socket.on("data", (bytes) => this.#data(bytes));
    socket.on("end", () => this.#end());
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end());
  }

  read() {
    if (this.#arrived.length) {
      const bytes = this.#arrived.shift();
      this.#length -= bytes.length;
      if (this.#length < AHEAD && this.#socket.isPaused()) this.#socket.resume();
      return Promise.resolve(bytes);
    }
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve, reject) => (this.#reader = { resolve, reject }));
  }

  write(bytes) {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      const room = this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      if (room) resolve();
    });
  }

  /** Tells the peer that no more will come. */
  end() {
    this.#socket.end();
  }

  close() {
    this.#socket.end(() => this.#socket.destroy());
    this.#end();
  }

  #data(bytes) {
    if (this.#reader) {
      const { resolve } = this.#reader;
      this.#reader = null;
      return resolve(bytes);
    }
    this.#arrived.push(bytes);
    this.#length += bytes.length;
    if (this.#length >= AHEAD) this.#socket.pause();
  }

  #end(error) {
    this.#failure ??= error ?? null;
    this.#ended = true;
    if (!this.#reader) return;
    const { resolve, reject } = this.#reader;
    this.#reader = null;
    if (this.#failure) reject(this.#failure);
    else resolve(null);
  }
}
