/** One connection of a relay: TCP or UDP on one side, a stream of Wisp packets on the other. */

import { createSocket } from "node:dgram";
import net from "node:net";
import { REASON, TAKES_CREDIT, continuePacket, dataPacket } from "../transports/wisp_packets.js";

/** Packets of one stream that the relay takes before the client waits for CONTINUE. */
const CREDIT = TAKES_CREDIT;

/** Bytes that may wait for a client before its connections are read no more. */
const CLIENT_BACKLOG = 1024 * 1024;
/** Bytes that may wait for a target; a client that sends more does not respect its credit. */
const TARGET_BACKLOG = 16 * 1024 * 1024;
/** Milliseconds for a target to take what was sent to it before it closed. */
const LINGER = 5000;

const REASONS = {
  ECONNREFUSED: REASON.REFUSED,
  ETIMEDOUT: REASON.TIMED_OUT,
  EHOSTUNREACH: REASON.UNREACHABLE,
  ENETUNREACH: REASON.UNREACHABLE,
  EADDRNOTAVAIL: REASON.UNREACHABLE,
  ENOTFOUND: REASON.UNREACHABLE,
  EAI_AGAIN: REASON.UNREACHABLE,
  EACCES: REASON.BLOCKED,
};

/** What both kinds do: say what happened when it is over, and end when nothing moves. */
class Relayed {
  #timer;
  #started = performance.now();
  received = 0;
  sent = 0;

  constructor(session, { id, host, port, limits, log, window }, kind) {
    this.session = session;
    this.id = id;
    this.limits = limits;
    this.window = window;
    this.finished = false;
    this.name = `${session.client} ${host}:${port} ${kind}`;
    this.log = log;
  }

  /** Starts the clock anew after which the connection is closed. */
  limitTo(seconds, reason, why) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.finish(reason, why), seconds * 1000);
    this.#timer.unref();
  }

  moved() {
    this.limitTo(this.limits.idleSeconds, REASON.TRANSFER_TIMED_OUT, "idle for too long");
  }

  /** Ends it, for the client with a reason unless the client ended it. */
  finish(reason, why) {
    if (this.finished) return;
    this.finished = true;
    clearTimeout(this.#timer);
    this.release();
    this.session.ended(this.id, reason);
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1);
    this.log(`${this.name} ${why}; ${this.sent} bytes up, ${this.received} down, ${seconds} s`);
  }

  destroy(why) {
    this.finish(undefined, why);
  }
}

export class RelayedStream extends Relayed {
  #socket;
  #connected = false;
  #held = null;
  #consumed = 0;
  #waiting = 0;
  #ended = false;

  constructor(session, options) {
    super(session, options, "tcp");
    const { host, port, lookup, limits } = options;
    const socket = net.connect({ host, port, lookup: net.isIP(host) ? undefined : lookup, noDelay: true, autoSelectFamily: true });
    this.#socket = socket;
    this.limitTo(limits.connectSeconds, REASON.TIMED_OUT, "no answer");
    socket.on("connect", () => {
      this.#connected = true;
      this.moved();
      session.send(continuePacket(this.id, CREDIT - this.#waiting));
    });
    socket.on("data", (bytes) => this.#forward(bytes));
    socket.on("error", (error) => this.#fail(error));
    socket.on("end", () => {
      this.#ended = true;
      this.#finishAtEnd();
    });
  }

  /** Takes bytes of the client. */
  write(bytes) {
    this.sent += bytes.length;
    this.#waiting += 1;
    // CONTINUE crosses with packets that are on their way, so a client may well send twice its credit.
    if (this.#waiting > 2 * CREDIT + 1 || this.#socket.writableLength > TARGET_BACKLOG) {
      return this.finish(REASON.THROTTLED, "the client sends more than it may");
    }
    this.#socket.write(bytes, () => {
      this.#waiting -= 1;
      this.#consumed += 1;
      if (this.finished || this.#consumed < CREDIT / 4) return;
      this.#consumed = 0;
      this.session.send(continuePacket(this.id, Math.max(1, CREDIT - this.#waiting)));
    });
    if (this.#connected) this.moved();
  }

  /** The client takes so many bytes more. */
  grant(bytes) {
    this.window += bytes;
    const held = this.#held;
    this.#held = null;
    if (held) this.#forward(held);
    else this.#resume();
  }

  /** The client closed it: what it sent before still goes out. */
  end() {
    if (this.#waiting === 0) return this.destroy("closed by client");
    this.#socket.end(() => this.destroy("closed by client"));
  }

  release() {
    // After the target's end, Node sends what still waits for it and then closes by itself.
    if (!this.#ended) this.#socket.destroy();
    else this.#socket.setTimeout(LINGER, () => this.#socket.destroy());
  }

  #forward(bytes) {
    if (this.finished) return;
    this.moved();
    const now = bytes.length <= this.window ? bytes : bytes.subarray(0, this.window);
    if (now.length > 0) {
      this.window -= now.length;
      this.received += now.length;
      this.session.send(dataPacket(this.id, now), () => this.#resume());
    }
    if (now.length < bytes.length) this.#held = bytes.subarray(now.length);
    if (this.#held || this.window === 0 || this.session.backlog > CLIENT_BACKLOG) this.#socket.pause();
  }

  #resume() {
    if (this.finished) return;
    if (!this.#held && this.window > 0 && this.session.backlog <= CLIENT_BACKLOG / 2) this.#socket.resume();
    this.#finishAtEnd();
  }

  #finishAtEnd() {
    if (this.#ended && !this.#held) this.finish(REASON.VOLUNTARY, "closed by target");
  }

  #fail(error) {
    const cause = error.errors?.[0] ?? error;
    const reason = this.#connected ? REASON.NETWORK_ERROR : (REASONS[cause.code] ?? REASON.NETWORK_ERROR);
    this.finish(reason, `failed: ${cause.code ?? cause.message}`);
  }
}

export class RelayedDatagrams extends Relayed {
  #socket = null;
  #early = [];

  constructor(session, options) {
    super(session, options, "udp");
    const { host, port, lookup } = options;
    this.moved();
    const open = (error, address, family) => {
      if (error || this.finished) return this.#fail(error);
      const socket = createSocket(family === 6 ? "udp6" : "udp4");
      socket.on("error", (failure) => this.#fail(failure));
      socket.on("message", (bytes) => this.#forward(bytes));
      socket.connect(port, address, () => {
        if (this.finished) return socket.close();
        this.#socket = socket;
        for (const bytes of this.#early.splice(0)) this.write(bytes);
      });
    };
    const family = net.isIP(host);
    if (family) open(null, host, family);
    else lookup(host, {}, open);
  }

  write(bytes) {
    this.moved();
    if (!this.#socket) {
      if (this.#early.length < CREDIT) this.#early.push(bytes);
      return;
    }
    this.sent += bytes.length;
    this.#socket.send(bytes, () => {});
  }

  grant() {}

  end() {
    this.destroy("closed by client");
  }

  release() {
    this.#socket?.close();
    this.#socket = null;
  }

  #forward(bytes) {
    if (this.finished || this.session.backlog > CLIENT_BACKLOG) return;
    this.moved();
    this.received += bytes.length;
    this.session.send(dataPacket(this.id, bytes));
  }

  #fail(error) {
    // An answer that nothing listens there is no end of a UDP socket.
    if (error?.code === "ECONNREFUSED") return;
    this.finish(REASONS[error?.code] ?? REASON.NETWORK_ERROR, `failed: ${error?.code ?? "closed"}`);
  }
}
