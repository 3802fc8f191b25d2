/**
 * One end of a TLS connection over a transport's connection, with promises. It moves bytes and
 * decides nothing.
 *
 * A read and a write may run at the same time: bytes to send are taken out of the engine at once
 * and sent in order.
 */

import { Step } from "../../dist/engine/micropython_ssl.js";
import { lend } from "../transports/transport.js";
import { addressesOf } from "./addresses.js";
import { SocketError } from "./errors.js";

/** @import { SocketInfo } from "../../types/index.js" */

export class TlsStream {
  #engine;
  #connection;
  #carrier;
  /** Resolves when all bytes that were taken out of the engine are sent. @type {Promise<void>} */
  #sending = Promise.resolve();
  #freed = false;

  /**
   * @param {import("../engine.js").Engine} engine
   * @param {import("../../dist/engine/micropython_ssl.js").Connection} connection The engine's,
   *   owned from now on.
   * @param {import("../transports/transport.js").Connection} carrier What carries the ciphertext.
   */
  constructor(engine, connection, carrier) {
    this.#engine = engine;
    this.#connection = connection;
    this.#carrier = carrier;
  }

  /**
   * The addresses, and the negotiated parameters once the handshake is complete.
   *
   * @returns {SocketInfo}
   */
  get info() {
    const connection = this.#connection;
    return {
      ...addressesOf(this.#carrier),
      alpn: connection.alpnProtocol() ?? null,
      version: connection.version() ?? null,
      cipher: connection.cipherSuite() ?? null,
      peerCertificate: connection.peerCertificate(0) ?? null,
    };
  }

  /** @throws {SocketError} */
  async handshake() {
    await this.#drive(() => this.#connection.handshake());
    await this.#sending;
  }

  /**
   * Reads available plaintext. Waits only where there is none.
   *
   * @param {Uint8Array} target At least one byte.
   * @returns {Promise<number>} Bytes read; 0 at the end of the stream.
   * @throws {SocketError}
   */
  async read(target) {
    let count = await this.#drive(() => this.#readRecord(target));
    // Reads further records that have arrived. A failure or an end of file after them is the result
    // of the next read.
    for (let more = count; more > 0 && count < target.length; count += more) {
      more = this.#freed ? 0 : Math.max(this.#readRecord(target.subarray(count)), 0);
    }
    return count;
  }

  /**
   * Takes the plaintext at once: all connections share the exchange buffer.
   *
   * @param {Uint8Array} target
   */
  #readRecord(target) {
    const { exchange, exchangeLength } = this.#engine;
    const count = this.#connection.read(Math.min(target.length, exchangeLength));
    if (count > 0) target.set(this.#engine.bytes().subarray(exchange, exchange + count));
    return count;
  }

  /**
   * Encrypts and sends all of `bytes`; resolves when more is welcome.
   *
   * @param {Uint8Array} bytes
   * @throws {SocketError}
   */
  async write(bytes) {
    const { exchange, exchangeLength } = this.#engine;
    for (let at = 0; at < bytes.length; at += exchangeLength) {
      const piece = bytes.subarray(at, at + exchangeLength);
      await this.#drive(() => {
        if (!this.#connection.hasAccepted()) this.#engine.bytes().set(piece, exchange);
        return this.#connection.write(piece.length);
      });
      await this.#sending;
    }
  }

  /** Sends close_notify: the peer then knows that it has all bytes. Reading goes on. */
  async end() {
    if (this.#freed) return;
    this.#connection.endWriting();
    this.#flush();
    await this.#sending;
  }

  /** Sends close_notify and ends the connection when it is sent. */
  async close() {
    if (this.#freed) return;
    this.#connection.close();
    this.#flush();
    this.#free();
    await this.#sending.finally(() => this.#carrier.close());
  }

  /** Ends the connection after a failure, when its alert is sent. */
  async abandon() {
    await this.#sending.catch(() => {});
    this.destroy();
  }

  /** Ends the connection at once. */
  destroy() {
    this.#free();
    this.#carrier.close();
  }

  #free() {
    if (this.#freed) return;
    this.#freed = true;
    this.#connection.free();
  }

  /**
   * Calls an operation of the engine until it is done. Sends and receives for it meanwhile.
   *
   * @param {() => number} operation
   */
  async #drive(operation) {
    for (;;) {
      if (this.#freed) throw new SocketError("ERR_CLOSED", "the socket is closed");
      const step = operation();
      if (step >= 0) return step;
      if (step === Step.Send) this.#flush();
      else if (step === Step.Receive) await this.#receive();
      else throw this.#failed();
    }
  }

  async #receive() {
    await this.#sending;
    let more;
    try {
      more = await lend(this.#carrier, this.#received);
    } catch (error) {
      throw SocketError.from(error);
    }
    if (!more && !this.#freed) this.#connection.receivedEnd();
  }

  /** @param {Uint8Array} bytes */
  #received = (bytes) => {
    for (let at = 0; at < bytes.length && !this.#freed; ) {
      const piece = bytes.subarray(at, at + this.#engine.exchangeLength);
      // Called before bytes(), because the memory may grow to make room.
      const to = this.#connection.receiveSpace(piece.length);
      this.#engine.bytes().set(piece, to);
      this.#connection.received(piece.length);
      at += piece.length;
    }
  };

  /** Takes the waiting bytes out of the engine, and sends them after the earlier ones. */
  #flush() {
    const length = this.#connection.toSendLength();
    if (length === 0) return;
    const at = this.#connection.toSend();
    const bytes = this.#engine.bytes().slice(at, at + length);
    this.#connection.sent(length);
    this.#sending = this.#sending.then(() => this.#carrier.write(bytes)).catch((error) => {
      throw SocketError.from(error);
    });
    // The next send gets the error. Until then the runtime must not report it as unhandled.
    this.#sending.catch(() => {});
  }

  #failed() {
    this.#flush(); // an alert
    return SocketError.ofEngine(this.#connection.failure());
  }
}
