/**
 * A Wisp relay, version 1, that takes credit (see web/transports/wisp_packets.js): moves bytes between WebSockets and TCP or UDP. It
 * keeps nothing, looks into nothing, and connects only where its user allowed it.
 */

import { lookup } from "node:dns";
import { WebSocketServer } from "ws";
import {
  CLOSE, CONNECT, CONTINUE, DATA, REASON, TAKES_CREDIT, TCP, UDP, closePacket, continuePacket, parsePacket,
} from "../transports/wisp_packets.js";
import { RelayedDatagrams, RelayedStream } from "./relay_stream.js";
import { Targets } from "./targets.js";

const LARGEST_MESSAGE = 256 * 1024;
const PING_INTERVAL = 30_000;
const LONGEST_HOST = 253;

/**
 * @typedef {object} Limits
 * @property {number} clients WebSockets at a time.
 * @property {number} connections Connections of one WebSocket at a time.
 * @property {number} connectSeconds For a connection to be made.
 * @property {number} idleSeconds After which a connection on which nothing moves is closed.
 */

/** @type {Limits} */
export const LIMITS = { clients: 64, connections: 64, connectSeconds: 10, idleSeconds: 15 * 60 };

export class Relay {
  #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: LARGEST_MESSAGE,
    // Version 2 of Wisp is offered as a subprotocol; declining makes its clients fall back to version 1.
    handleProtocols: () => false,
  });
  #sessions = new Set();
  #timer;

  /**
   * @param {object} options
   * @param {string[]} options.allow See Targets.
   * @param {Partial<Limits>} [options.limits]
   * @param {(line: string) => void} [options.log] Gets a line for each connection.
   */
  constructor({ allow, limits = {}, log = () => {} }) {
    this.targets = new Targets(allow);
    this.limits = { ...LIMITS, ...limits };
    this.log = log;
    this.#timer = setInterval(() => this.#sessions.forEach((session) => session.ping()), PING_INTERVAL);
    this.#timer.unref();
  }

  /** Takes over a request of an HTTP server to become a WebSocket. */
  upgrade(request, socket, head) {
    if (this.#sessions.size >= this.limits.clients) {
      this.log(`${request.socket.remoteAddress} turned away: ${this.limits.clients} clients are connected already`);
      socket.end("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n");
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const session = new Session(this, webSocket, request.socket.remoteAddress, () => this.#sessions.delete(session));
      this.#sessions.add(session);
    });
  }

  /** Ends every connection. */
  close() {
    clearInterval(this.#timer);
    for (const session of this.#sessions) session.close();
  }
}

/** One client. */
class Session {
  #relay;
  #socket;
  #streams = new Map();
  #alive = true;
  /** Bytes that a client which gives credit takes on each stream to begin with. */
  #window = Infinity;

  constructor(relay, socket, client, onClose) {
    this.#relay = relay;
    this.#socket = socket;
    this.client = client;
    socket.on("message", (data, binary) => this.#receive(binary ? data : null));
    socket.on("pong", () => (this.#alive = true));
    socket.on("error", (error) => relay.log(`${client} relay connection failed: ${error.message}`));
    socket.on("close", () => {
      onClose();
      for (const stream of this.#streams.values()) stream.destroy("client left");
    });
    this.send(continuePacket(0, TAKES_CREDIT));
  }

  /** Sends a packet; `sent` is called when it has left. */
  send(packet, sent) {
    this.#socket.send(packet, sent);
  }

  /** Bytes that wait to be sent to the client. */
  get backlog() {
    return this.#socket.bufferedAmount;
  }

  /** A stream has ended here; the client is told why unless it did that itself. */
  ended(id, reason) {
    if (this.#streams.delete(id) && reason !== undefined && this.#socket.readyState === 1) this.send(closePacket(id, reason));
  }

  ping() {
    if (!this.#alive) return this.#socket.terminate();
    this.#alive = false;
    this.#socket.ping();
  }

  close() {
    this.#socket.close(1001);
    // A client that does not answer must not keep the server.
    setTimeout(() => this.#socket.terminate(), 500).unref();
  }

  #receive(message) {
    const packet = message && parsePacket(message);
    if (!packet) return this.#socket.close(1002, "not a Wisp packet");
    const stream = this.#streams.get(packet.stream);
    switch (packet.type) {
      case CONNECT:
        return this.#connect(packet);
      case DATA:
        return stream?.write(packet.data);
      case CONTINUE:
        if (packet.stream === 0) this.#window = packet.credit;
        else stream?.grant(packet.credit);
        return;
      case CLOSE:
        this.#streams.delete(packet.stream);
        return stream?.end();
    }
  }

  #connect({ stream: id, streamType, host, port }) {
    const { targets, limits, log } = this.#relay;
    const refuse = (reason, why) => {
      log(`${this.client} ${JSON.stringify(host.slice(0, LONGEST_HOST)).slice(1, -1)}:${port} refused: ${why}`);
      this.send(closePacket(id, reason));
    };
    if (id === 0 || this.#streams.has(id)) return refuse(REASON.INVALID, `stream ${id} is taken`);
    if (streamType !== TCP && streamType !== UDP) return refuse(REASON.INVALID, `unknown type of stream ${streamType}`);
    if (port === 0 || host.length === 0 || host.length > LONGEST_HOST) return refuse(REASON.INVALID, "not an address");
    if (this.#streams.size >= limits.connections) return refuse(REASON.THROTTLED, `${limits.connections} connections are open already`);
    if (!targets.allows(host, port)) return refuse(REASON.BLOCKED, "not among the allowed targets");
    const options = { id, host, port, window: this.#window, limits, log, lookup: this.#lookup(host, port) };
    this.#streams.set(id, streamType === TCP ? new RelayedStream(this, options) : new RelayedDatagrams(this, options));
  }

  /** Looks names up and keeps only the addresses that the patterns allow, so that no name can lead into a private network. */
  #lookup(host, port) {
    const { targets } = this.#relay;
    return (name, options, callback) => {
      lookup(name, { ...options, all: true }, (error, found = []) => {
        const allowed = found.filter(({ address }) => targets.reaches(host, port, address));
        if (error) callback(error);
        else if (allowed.length === 0) callback(Object.assign(new Error("leads to a private address"), { code: "EACCES" }));
        else if (options.all) callback(null, allowed);
        else callback(null, allowed[0].address, allowed[0].family);
      });
    };
  }
}
