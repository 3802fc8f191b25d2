/**
 * The relay for Node: upgrades requests of an HTTP server to WebSockets, and connects them to TCP
 * and UDP sockets.
 */

import { randomBytes } from "node:crypto";
import { WebSocketServer } from "ws";
import { REFUSAL } from "../web/transports/wisp_packets.js";
import { CLOSING, answerUpgrade } from "./answer_upgrade.js";
import { Client } from "./client.js";
import { Proxies } from "./forwarded.js";
import { LARGEST_MESSAGE } from "./limits.js";
import { connect, lookup } from "./node_network.js";
import { Refusal, Relay } from "./relay.js";

/**
 * @import { IncomingHttpHeaders, IncomingMessage } from "node:http"
 * @import { Duplex } from "node:stream"
 * @import { WebSocket } from "ws"
 * @import { ClientSocket } from "./client.js"
 * @import { Admission, Visitor } from "./relay.js"
 *
 * @typedef {IncomingHttpHeaders & {"x-forwarded-for"?: string}} Headers Node joins several lines of
 *   this header.
 */

export { LIMITS } from "./limits.js";
export { jsonLine, textLine } from "./log.js";
export { parseTokens, signToken } from "./tokens.js";

/** Frames of a message: each one costs more than its bytes. */
const MOST_FRAGMENTS = 256;
const TICK = 100; // ms
/** Refused clients that get the reason at the same time. */
const REFUSALS = 64;

export class NodeRelay {
  #relay;
  #proxies;
  #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: LARGEST_MESSAGE,
    maxFragments: MOST_FRAGMENTS,
    // Version 2 of Wisp is offered as a subprotocol; declining makes its clients fall back to
    // version 1.
    handleProtocols: () => false,
  });
  /** @type {Set<Client>} */
  #clients = new Set();
  #refusals = 0;
  #warned = false;
  #log;
  #timer;
  #whenEmpty = () => {};

  /**
   * @param {import("./relay.js").RelayOptions & {trustedProxies?: string[]}} options @throws
   *   {RangeError} Says which option is wrong.
   */
  constructor({ trustedProxies = [], ...options }) {
    this.#proxies = new Proxies(trustedProxies);
    this.#relay = new Relay(options);
    this.#log = options.log ?? (() => {});
    this.#timer = setInterval(() => this.#tick(), TICK).unref();
  }

  /** Names of hosts whose pages may use the relay. */
  get originHosts() {
    return this.#relay.originHosts;
  }

  /** "ok", or "draining" when it takes no clients any more. */
  get health() {
    return this.#relay.health;
  }

  /** In Prometheus' text format. */
  get metrics() {
    return this.#relay.metricsText;
  }

  /**
   * Takes over a request of an HTTP server to become a WebSocket.
   *
   * @param {import("node:http").IncomingMessage} request
   * @param {import("node:stream").Duplex} socket
   * @param {Buffer} head
   * @param {object} [options]
   * @param {string} [options.token] Of the address.
   * @param {string} [options.refusal] Why this client may not come in, whatever the relay thinks.
   */
  async upgrade(request, socket, head, { token, refusal } = {}) {
    socket.on("error", () => {});
    const { origin, host, "x-forwarded-for": forwarded } = /** @type {Headers} */ (request.headers);
    const peer = request.socket.remoteAddress ?? "?";
    const visitor = { client: this.#proxies.clientOf(peer, forwarded), origin, host, token };
    if (forwarded && !this.#proxies.trusts(peer)) this.#warnOfProxy(peer);
    try {
      const answer = refusal ? this.#relay.turnAway(visitor, new Refusal(REFUSAL.ORIGIN, refusal), Date.now()) : await this.#relay.admit(visitor, Date.now());
      if (answer instanceof Refusal) return this.#refuse(request, socket, head, answer);
      if (socket.destroyed) return answer.left();
      this.#open(request, socket, head, answer, visitor);
    } catch (error) {
      this.#relay.failed(error, { client: visitor.client });
      socket.destroy();
    }
  }

  /**
   * Takes no clients and no streams any more; resolves when the last stream has ended, or after so
   * many seconds, when all are cut.
   *
   * @param {number} seconds
   */
  async drain(seconds) {
    this.#relay.draining = true;
    for (const client of this.#clients) client.drain();
    if (this.#clients.size > 0) {
      await new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
        const timer = setTimeout(resolve, seconds * 1000);
        this.#whenEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await this.close();
  }

  /** Ends every connection. */
  async close() {
    this.#relay.draining = true;
    clearInterval(this.#timer);
    for (const client of this.#clients) client.close(1001, "the relay is shutting down");
  }

  /** @param {string} peer */
  #warnOfProxy(peer) {
    if (this.#warned) return;
    this.#warned = true;
    this.#log({ event: "warning", client: peer, why: "sends X-Forwarded-For, but is no trusted proxy: all that comes from it counts as one address" });
  }

  #tick() {
    this.#relay.tick(Date.now());
    for (const client of this.#clients) client.tick();
  }

  /**
   * @param {IncomingMessage} request
   * @param {Duplex} socket
   * @param {Buffer} head
   * @param {Admission} admission
   * @param {Visitor} visitor
   */
  #open(request, socket, head, { session, left, log }, { client: address }) {
    let opened = false;
    socket.on("close", () => opened || left());
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      opened = true;
      webSocket.on("error", () => {}); // "close" follows
      const client = new Client({
        session,
        network: { connect, lookup },
        socket: new NodeWebSocket(webSocket),
        now: Date.now,
        log,
        failed: (error) => this.#relay.failed(error, { client: address }),
        left: () => {
          left();
          this.#clients.delete(client);
          if (this.#clients.size === 0) this.#whenEmpty();
        },
      });
      this.#clients.add(client);
      webSocket.on("message", (data, binary) => client.receive(binary ? /** @type {Buffer} */ (data) : ""));
      webSocket.on("close", () => client.end());
    });
  }

  /**
   * A page cannot see an HTTP status, but it sees how a WebSocket is closed. So this one is opened
   * to be closed.
   *
   * @param {IncomingMessage} request
   * @param {Duplex} socket
   * @param {Buffer} head
   * @param {Refusal} refusal
   */
  #refuse(request, socket, head, { code, reason }) {
    if (this.#refusals >= REFUSALS) return answerUpgrade(socket, "503 Service Unavailable");
    this.#refusals += 1;
    socket.once("close", () => (this.#refusals -= 1));
    setTimeout(() => socket.destroy(), CLOSING).unref();
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("error", () => {});
      webSocket.close(code, reason);
    });
  }
}

/** @implements {ClientSocket} */
class NodeWebSocket {
  #socket;
  #answered = () => {};
  /** @type {Buffer | undefined} */
  #question;

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on("pong", (data) => {
      if (!this.#question?.equals(data)) return;
      this.#question = undefined;
      this.#answered();
    });
  }

  /** @param {Uint8Array} packet @param {() => void} sent */
  send(packet, sent) {
    if (this.#socket.readyState === 1) this.#socket.send(packet, sent);
  }

  /** @param {boolean} on */
  read(on) {
    if (on) this.#socket.resume();
    else this.#socket.pause();
  }

  /** @param {() => void} answered */
  ping(answered) {
    this.#answered = answered;
    this.#question = randomBytes(8);
    if (this.#socket.readyState === 1) this.#socket.ping(this.#question);
  }

  /** @param {number} code @param {string} reason @param {boolean} atOnce */
  close(code, reason, atOnce) {
    if (atOnce) return this.#socket.terminate();
    this.#socket.resume(); // or its answer is not read
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), CLOSING).unref();
  }
}
