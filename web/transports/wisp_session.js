/** One WebSocket to a Wisp relay and the streams on it. */

import { TransportError, asTransportError, within } from "./errors.js";
import { Queue } from "./queue.js";
import { QUEUE_LIMIT, RELAY_TIMEOUT, openWebSocket } from "./websocket.js";
import {
  CLOSE, CONTINUE, DATA, MAX_DATA, REASON, TAKES_CREDIT, TCP, UDP,
  closePacket, connectPacket, continuePacket, dataPacket, parsePacket,
} from "./wisp_packets.js";

/**
 * @import { MessageSocket } from "./websocket.js"
 * @import { ClosePacket, ContinuePacket, Packet } from "./wisp_packets.js"
 */

/** The most bytes of a stream that are on their way or wait to be read. */
const WINDOW = 1024 * 1024;

export class WispSession {
  /** @type {Map<number, WispStream>} */
  #streams = new Map();
  #last = 0;
  #onChange;
  #credit;

  /**
   * @param {string} url
   * @param {import("./websocket.js").WebSocketOptions} options
   * @param {(session: WispSession) => void} onChange Called when a stream has ended or the session
   *   has broken.
   */
  static async open(url, options, onChange) {
    const { timeout = RELAY_TIMEOUT } = options;
    const socket = await openWebSocket(url, options);
    try {
      for (;;) {
        const packet = parsePacket((await within(socket.read(), { timeout, what: `no Wisp relay at ${url}: nothing came` })) ?? "");
        if (packet?.type === CONTINUE && packet.stream === 0) return new WispSession(socket, packet, onChange);
        if (packet === null) throw new TransportError("EPROTO", `what answers at ${url} is not a Wisp relay`);
      }
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /**
   * @param {MessageSocket} socket
   * @param {ContinuePacket} greeting The relay's first packet.
   * @param {(session: WispSession) => void} onChange
   */
  constructor(socket, { credit }, onChange) {
    this.socket = socket;
    /** @type {Error | null} */
    this.broken = null;
    /**
     * Whether the relay reports established connections, and sends no more bytes than it has credit
     * for.
     */
    this.takesCredit = credit === TAKES_CREDIT;
    this.#credit = credit;
    this.#onChange = onChange;
    if (this.takesCredit) this.send(continuePacket(0, WINDOW)).catch(() => {});
    this.#run();
  }

  get idle() {
    return this.#streams.size === 0;
  }

  /**
   * Whether this session can take one more stream. A relay that takes no credit can be made to wait
   * only by the whole WebSocket. Each TCP stream then has a WebSocket of its own, so that a slow
   * reader does not make other streams wait.
   *
   * @param {number} type
   */
  canTake(type) {
    if (this.broken) return false;
    if (this.takesCredit || !this.socket.pausable || this.idle) return true;
    return type === UDP && [...this.#streams.values()].every((stream) => stream.type === UDP);
  }

  /**
   * @param {number} type
   * @param {string} host
   * @param {number} port
   * @returns {WispStream} Its `opened` resolves when the connection is established.
   */
  connect(type, host, port) {
    const id = ++this.#last;
    const stream = new WispStream(this, id, type, this.#credit);
    this.#streams.set(id, stream);
    this.send(connectPacket(id, type, host, port)).catch(() => {});
    return stream;
  }

  /** @param {Uint8Array} packet */
  send(packet) {
    return this.socket.write(packet);
  }

  /** @param {number} id */
  forget(id) {
    if (this.#streams.delete(id)) this.#onChange(this);
  }

  /** @param {Error} [error] */
  close(error = new TransportError("ECONNABORTED", "the transport was closed")) {
    if (this.broken) return;
    this.broken = error;
    this.socket.close();
    for (const stream of this.#streams.values()) stream.fail(error);
    this.#streams.clear();
    this.#onChange(this);
  }

  async #run() {
    try {
      for (let message; (message = await this.socket.read()) !== null; ) {
        const packet = parsePacket(message);
        if (packet === null) throw new TransportError("EPROTO", "the relay sent what is not a Wisp packet");
        const stream = this.#streams.get(packet.stream);
        stream?.receive(packet);
        if (!this.takesCredit && this.socket.pausable) await stream?.room();
      }
      throw new TransportError("ECONNRESET", "the relay closed its connection");
    } catch (error) {
      this.close(asTransportError(error));
    }
  }
}

export class WispStream {
  #session;
  #id;
  /** @type {Queue<Uint8Array>} */
  #queue;
  #credit;
  /** @type {(() => void)[]} */
  #writers = [];
  /** @type {Error | null} */
  #ended = null;
  #granted = 0;
  #answered = false;
  #settleOpened = { resolve: () => {}, reject: (/** @type {Error} */ error) => {} };

  /** @param {WispSession} session @param {number} id @param {number} type @param {number} credit */
  constructor(session, id, type, credit) {
    this.type = type;
    this.#session = session;
    this.#id = id;
    this.#credit = type === UDP ? Infinity : credit;
    this.#queue = new Queue({ limit: WINDOW, onTaken: (bytes) => this.#grant(bytes) });
    /** Resolves when the connection is established. @type {Promise<void>} */
    this.opened = new Promise((resolve, reject) => (this.#settleOpened = { resolve, reject }));
    this.opened.catch(() => {});
    if (!session.takesCredit) this.#settleOpened.resolve();
  }

  read() {
    return this.#queue.read();
  }

  /** @param {Uint8Array} bytes */
  async write(bytes) {
    const most = this.type === UDP ? bytes.length : MAX_DATA;
    for (let at = 0; at < bytes.length; at += most) {
      while (this.#credit <= 0 && !this.#ended) await new Promise((/** @type {(value?: undefined) => void} */ resolve) => this.#writers.push(resolve));
      if (this.#ended) throw this.#ended;
      this.#credit -= 1;
      await this.#session.send(dataPacket(this.#id, bytes.subarray(at, at + most)));
    }
  }

  close() {
    if (this.#ended) return this.#queue.discard();
    this.#session.send(closePacket(this.#id, REASON.VOLUNTARY)).catch(() => {});
    this.#end(new TransportError("EPIPE", "the connection was closed here"));
    this.#queue.discard();
  }

  /** Resolves when the queue has room for more received bytes. */
  room() {
    return this.type === UDP ? undefined : this.#queue.room();
  }

  /** Handles a packet of the relay. @param {Packet | {type: 0}} packet */
  receive(packet) {
    switch (packet.type) {
      case DATA:
        this.#settleOpened.resolve();
        this.#answered = true;
        if (this.type === UDP || packet.data.length > 0) this.#queue.push(packet.data);
        return this.#checkLimit();
      case CONTINUE:
        this.#settleOpened.resolve();
        this.#answered = true;
        if (this.type === UDP) return;
        this.#credit = packet.credit;
        return this.#wakeWriters();
      case CLOSE:
        return this.#closedByRelay(packet);
    }
  }

  /** Ends the stream because of an error. @param {Error} error */
  fail(error) {
    this.#end(error);
    this.#queue.end(error);
    this.#settleOpened.reject(error);
  }

  /** @param {ClosePacket} packet */
  #closedByRelay({ reason, why }) {
    if (reason === REASON.VOLUNTARY) {
      this.#end(new TransportError("EPIPE", "the peer has closed the connection"));
      this.#queue.end();
      this.#settleOpened.resolve();
    } else {
      this.fail(errorOf(reason, this.#answered, why));
    }
  }

  #checkLimit() {
    const { takesCredit, socket } = this.#session;
    const limit = takesCredit ? WINDOW : socket.pausable ? Infinity : QUEUE_LIMIT;
    if (this.#queue.size <= limit) return;
    this.#session.send(closePacket(this.#id, REASON.CLIENT_ERROR)).catch(() => {});
    this.fail(
      takesCredit
        ? new TransportError("EPROTO", "the relay sent more than it had credit for")
        : new TransportError("ENOBUFS", `more than ${limit} bytes wait to be read, and this relay cannot be slowed down`),
    );
  }

  /**
   * Gives the relay credit for the bytes that were read, in a few large steps. @param {number}
   * bytes
   */
  #grant(bytes) {
    this.#granted += bytes;
    if (!this.#session.takesCredit || this.type === UDP || this.#ended || this.#granted < WINDOW / 4) return;
    this.#session.send(continuePacket(this.#id, this.#granted)).catch(() => {});
    this.#granted = 0;
  }

  /** @param {Error} error */
  #end(error) {
    if (this.#ended) return;
    this.#ended = error;
    this.#session.forget(this.#id);
    this.#wakeWriters();
  }

  #wakeWriters() {
    for (const resolve of this.#writers.splice(0)) resolve();
  }
}

/**
 * The error for a close reason. Many relays have only the reason "network error" for a failed
 * connect. `why` is the text of this project's relay.
 *
 * @param {number} reason
 * @param {boolean} answered
 * @param {string} why
 */
function errorOf(reason, answered, why) {
  const [code, message] = REASONS[reason] ?? (answered ? ["ECONNRESET", "the connection broke at the relay"] : ["ECONNREFUSED", "the relay could not connect"]);
  return new TransportError(code, why || message);
}

/** @type {Record<number, [code: string, message: string]>} */
const REASONS = {
  [REASON.INVALID]: ["EADDRNOTAVAIL", "the relay cannot connect to such an address"],
  [REASON.UNREACHABLE]: ["EHOSTUNREACH", "the relay finds no way to this host"],
  [REASON.TIMED_OUT]: ["ETIMEDOUT", "the host does not answer the relay"],
  [REASON.REFUSED]: ["ECONNREFUSED", "the host refused the relay's connection"],
  [REASON.TRANSFER_TIMED_OUT]: ["ETIMEDOUT", "the relay closed a connection on which nothing moved"],
  [REASON.BLOCKED]: ["EACCES", "the relay does not allow this target"],
  [REASON.THROTTLED]: ["ECONNABORTED", "the relay allows no more connections"],
};
