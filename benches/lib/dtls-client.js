/**
 * A DTLS client in JavaScript, the same for every server that is measured: our engine over one UDP
 * socket of Node's.
 */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { DtlsSocket } from "../../web/dtls.js";
import { BLOCKED, FAILED } from "../../web/tls.js";

/** @import { Engine } from "../../web/engine.js" */

const PROTOCOL_DTLS_CLIENT = 2;
const EAGAIN = 11;
const LOST_MS = 250; // when to look whether something was lost

/**
 * A client's context that verifies the server.
 *
 * @param {Engine} engine
 * @param {string} ca In PEM.
 */
export function makeDtlsContext(engine, ca) {
  const context = new engine.Context(PROTOCOL_DTLS_CLIENT);
  context.setTime(Date.now() / 1000);
  context.loadVerifyLocations(Buffer.from(ca));
  return context;
}

/** One connection after another from the same address. */
export class DtlsClient {
  #engine;
  #context;
  #socket = createSocket("udp4");
  /** @type {Uint8Array[]} */
  #waiting = [];
  /** @type {DtlsSocket | undefined} */
  #tls;

  /** @param {Engine} engine @param {ReturnType<typeof makeDtlsContext>} context */
  constructor(engine, context) {
    this.#engine = engine;
    this.#context = context;
    this.#socket.on("message", (datagram) => this.#waiting.push(datagram));
  }

  /** Has the server's address ready. @param {number} port */
  async start(port) {
    this.#socket.connect(port, "127.0.0.1");
    await once(this.#socket, "connect");
  }

  async handshake() {
    this.#waiting = [];
    /** @type {import("../../types/index.js").SyncTransport} */
    const transport = {
      recvInto: (bytes, offset) => {
        const datagram = this.#waiting.shift();
        if (!datagram) return -EAGAIN;
        bytes.set(datagram, offset);
        return datagram.length;
      },
      send: (bytes, offset, length) => {
        this.#socket.send(Buffer.from(bytes.subarray(offset, offset + length)));
        return length;
      },
    };
    const tls = new DtlsSocket(this.#engine, this.#context.connectDatagram(Buffer.from("localhost"), false), transport);
    this.#tls = tls;
    await this.#until((tls) => tls.handshake());
  }

  /** Sends a message and waits for what comes back. @param {Uint8Array} message */
  async ask(message) {
    this.#tls?.write(() => message, 0, message.length);
    const answer = new Uint8Array(4096);
    return answer.subarray(0, await this.#until((tls) => tls.read(() => answer, 0, answer.length)));
  }

  /** Sends close_notify, so that the next connection can come from the same address. */
  end() {
    this.#tls?.close();
  }

  stop() {
    this.#socket.close();
  }

  /** @param {(tls: DtlsSocket) => number} step */
  async #until(step) {
    const tls = this.#tls;
    if (!tls) throw new Error("there is no connection");
    for (;;) {
      const count = step(tls);
      if (count === FAILED) throw tls.failure;
      if (count !== BLOCKED) return count;
      if (!this.#waiting.length) await once(this.#socket, "message", { signal: AbortSignal.timeout(LOST_MS) }).catch(() => {});
    }
  }
}
