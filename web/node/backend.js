/**
 * The host's own network as a backend of the network channel: node:net, node:dgram and node:dns.
 * See web/net/server.js for the interface.
 */

import dgram from "node:dgram";
import dns from "node:dns/promises";
import net from "node:net";

import { closeGently } from "./closing.js";

/**
 * @import { Socket as DatagramSocket } from "node:dgram"
 * @import { AddressInfo, Socket } from "node:net"
 * @import { Address, Backend, Connection, ConnectionEvents, Datagrams, IncomingConnection, OptionValue } from "../net/server.js"
 */

/** @type {Omit<Backend, "input">} */
export const hostNetwork = {
  async lookup(host, family) {
    const found = await dns.lookup(host, { all: true, family, verbatim: true });
    return found.map(({ address, family }) => ({ address, family }));
  },

  connect({ family, host, port, local, options }, events) {
    const socket = net.connect({
      host,
      port,
      family,
      autoSelectFamily: false,
      allowHalfOpen: true,
      noDelay: true,
      localAddress: local?.host || undefined,
      localPort: local?.port || undefined,
      onread: { buffer: events.space, callback: /** @type {(count: number) => any} */ (events.filled) },
    });
    socket.once("connect", () => events.open());
    const connection = new HostConnection(socket, events);
    for (const [name, value] of options) connection.setOption(name, value);
    return connection;
  },

  listen({ family, host, port, backlog }, { connection }) {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => connection(new Incoming(socket)));
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: host || anyAddress(family), port, backlog, ipv6Only: family === 6 }, () => {
        server.off("error", reject);
        server.on("error", () => {});
        resolve({
          port: /** @type {AddressInfo} */ (server.address()).port,
          close: () => new Promise((closed) => server.close(() => closed())),
        });
      });
    });
  },

  datagram({ family, host, port, options }, events) {
    const socket = dgram.createSocket({ type: family === 6 ? "udp6" : "udp4", reuseAddr: options.get("reuseaddr") === 1 });
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.bind({ address: host || anyAddress(family), port, exclusive: true }, () => {
        socket.off("error", reject);
        socket.on("error", events.error);
        socket.on("message", (bytes, from) => events.message(bytes, { host: from.address, port: from.port }));
        const datagrams = new HostDatagramSocket(socket);
        try {
          for (const [name, value] of options) datagrams.setOption(name, value);
        } catch (error) {
          socket.close();
          return reject(error);
        }
        resolve(datagrams);
      });
    });
  },
};

/** @implements {Connection} */
class HostConnection {
  /** Whether close() resets the connection. */
  reset = false;

  /** @param {Socket} socket @param {ConnectionEvents} events */
  constructor(socket, events) {
    this.socket = socket;
    // Node 20 and 22 may emit `end` when the peer has sent data and reset the connection. The
    // system still has the error for the next call, which the empty write makes.
    socket.once("end", () => {
      if (!socket.writable || socket.writableLength > 0) events.end();
      else socket.write("", (error) => void (error || events.end()));
    });
    socket.on("error", events.error);
  }

  /** @param {Uint8Array} bytes @param {() => void} done */
  write(bytes, done) {
    this.socket.write(bytes, (error) => void (error || done()));
  }

  pause() {
    this.socket.pause();
  }

  resume() {
    this.socket.resume();
  }

  /** @param {() => void} done */
  end(done) {
    const { socket } = this;
    socket.removeAllListeners("data");
    socket.once("close", () => done());
    if (this.reset) socket.resetAndDestroy();
    else closeGently(socket);
  }

  destroy() {
    this.socket.destroy();
  }

  /** @param {string} name @param {OptionValue} value */
  setOption(name, value) {
    switch (name) {
      case "reuseaddr":
      case "broadcast":
      case "rcvbuf": // Node sets the sizes of the buffers, as a kernel that takes them for a hint
      case "sndbuf":
        return;
      case "keepalive":
        this.socket.setKeepAlive(value !== 0);
        return;
      case "nodelay":
        this.socket.setNoDelay(value !== 0);
        return;
      case "linger":
        // Node cannot set it. A program can notice only one effect: whether close() resets the
        // connection.
        if (Number(value) > 0) break;
        this.reset = value === 0;
        return;
    }
    throw unsupported(name);
  }
}

/** @implements {IncomingConnection} */
class Incoming {
  /** @type {Error | null} */
  #failure = null;

  /** @param {Socket} socket */
  constructor(socket) {
    this.socket = socket;
    this.peer = { host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    this.keep = (/** @type {Error} */ error) => (this.#failure = error);
    socket.on("error", this.keep);
  }

  /** @param {ConnectionEvents} events */
  accept(events) {
    this.socket.off("error", this.keep);
    const connection = new HostConnection(this.socket, events);
    this.socket.on("data", events.data);
    queueMicrotask(() => {
      events.open();
      if (this.#failure) events.error(this.#failure);
      else this.socket.resume();
    });
    return connection;
  }

  destroy() {
    this.socket.destroy();
  }
}

/** @implements {Datagrams} */
class HostDatagramSocket {
  /** The peer of a connected socket. @type {Address | null} */
  remote = null;

  /** @param {DatagramSocket} socket */
  constructor(socket) {
    this.socket = socket;
    this.port = socket.address().port;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {string} host
   * @param {number} port
   * @param {(error?: Error | null) => void} done
   */
  send(bytes, host, port, done) {
    const { remote } = this;
    if (host === "" || (remote?.host === host && remote.port === port)) this.socket.send(bytes, done);
    else if (remote) done(Object.assign(new Error("the socket is connected elsewhere"), { code: "EISCONN" }));
    else this.socket.send(bytes, port, host, done);
  }

  /** @param {string} host @param {number} port */
  associate(host, port) {
    const { socket } = this;
    return new Promise((/** @type {(value?: undefined) => void} */ resolve, reject) => {
      if (this.remote) socket.disconnect();
      this.remote = { host, port };
      socket.connect(port, host, (/** @type {[error?: Error]} */ ...[error]) => (error ? reject(error) : resolve()));
    });
  }

  /** @param {string} name @param {OptionValue} value */
  setOption(name, value) {
    const { socket } = this;
    switch (name) {
      case "reuseaddr":
      case "linger":
        return;
      case "broadcast":
        socket.setBroadcast(value !== 0);
        return;
      case "add_membership":
        socket.addMembership(...membershipOf(value));
        return;
      case "drop_membership":
        socket.dropMembership(...membershipOf(value));
        return;
      case "multicast_ttl":
        socket.setMulticastTTL(Number(value));
        return;
      case "multicast_loop":
        socket.setMulticastLoopback(value !== 0);
        return;
      case "ttl":
        socket.setTTL(Number(value));
        return;
      case "rcvbuf":
        socket.setRecvBufferSize(Number(value));
        return;
      case "sndbuf":
        socket.setSendBufferSize(Number(value));
        return;
    }
    throw unsupported(name);
  }

  close() {
    this.socket.close();
  }
}

/** @param {OptionValue} value @returns {[group: string, local?: string]} */
function membershipOf(value) {
  const { group, local } = /** @type {Exclude<OptionValue, number>} */ (value);
  return [group ?? "", local ?? undefined];
}

/** @param {number} family */
function anyAddress(family) {
  return family === 6 ? "::" : "0.0.0.0";
}

/** @param {string} name */
function unsupported(name) {
  return Object.assign(new Error(`socket option ${name} is not supported`), { code: "ENOPROTOOPT" });
}
