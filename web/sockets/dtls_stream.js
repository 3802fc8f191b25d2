/**
 * One end of a DTLS connection over a transport's datagrams, with promises. It moves datagrams and
 * decides nothing.
 */

import { Step } from "../../dist/engine/micropython_ssl.js";
import { addressesOf } from "./addresses.js";
import { SocketError, raise } from "./errors.js";

/** @import { SocketInfo } from "../../types/index.js" */

/** The most bytes in a record, and so in a datagram (RFC 6347, 4.1). */
const LARGEST = 16384;
/** The longest that setTimeout can wait. */
const LONGEST_TIMER = 2 ** 31 - 1;

export class DtlsStream {
  #engine;
  #connection;
  #carrier;
  #peer;
  /**
   * Resolves when the next datagram was received and given to the engine. @type
   * {Promise<void> | null}
   */
  #arriving = null;
  #freed = false;

  /**
   * @param {import("../engine.js").Engine} engine
   * @param {import("../../dist/engine/micropython_ssl.js").Connection} connection The engine's,
   *   owned from now on.
   * @param {import("../transports/transport.js").DatagramSocket} carrier What carries the
   *   datagrams.
   * @param {import("../transports/transport.js").Address} peer
   *   The peer's address: datagrams go to it, and only its datagrams are taken.
   */
  constructor(engine, connection, carrier, peer) {
    this.#engine = engine;
    this.#connection = connection;
    this.#carrier = carrier;
    this.#peer = peer;
  }

  /**
   * The addresses, and the negotiated parameters once the handshake is complete.
   *
   * @returns {SocketInfo}
   */
  get info() {
    const connection = this.#connection;
    return {
      ...addressesOf({ peer: this.#peer, local: this.#carrier.address }),
      version: connection.version() ?? null,
      cipher: connection.cipherSuite() ?? null,
      peerCertificate: connection.peerCertificate(0) ?? null,
    };
  }

  /** @throws {SocketError} */
  async handshake() {
    await this.#drive((now) => this.#connection.handshake(now));
  }

  /**
   * @returns {Promise<Uint8Array | null>} The next datagram; null when the peer has closed. @throws
   *   {SocketError}
   */
  async read() {
    const { exchange, exchangeLength } = this.#engine;
    /** @type {Uint8Array | null} */
    let datagram = null;
    await this.#drive((now) => {
      const length = this.#connection.read(exchangeLength, now);
      // Copied at once, because all connections share the exchange buffer.
      if (length > 0) datagram = this.#engine.bytes().slice(exchange, exchange + length);
      return length;
    });
    return datagram;
  }

  /**
   * Sends bytes as one datagram.
   *
   * @param {Uint8Array} bytes
   * @throws {SocketError} for more bytes than a datagram holds.
   */
  async write(bytes) {
    const { exchange } = this.#engine;
    if (bytes.length > LARGEST) throw new SocketError("EMSGSIZE", `a datagram of DTLS holds ${LARGEST} bytes at most, not ${bytes.length}`);
    if (bytes.length === 0) return;
    await this.#drive((now) => {
      if (!this.#connection.hasAccepted()) this.#engine.bytes().set(bytes, exchange);
      return this.#connection.write(bytes.length, now);
    });
  }

  /** Ends the connection after a failure. Its alert is sent first. */
  async abandon() {
    this.destroy();
  }

  /** Sends close_notify and ends the connection. */
  async close() {
    if (this.#freed) return;
    this.#connection.close();
    await this.#flush().finally(() => this.destroy());
  }

  /** Ends the connection at once. */
  destroy() {
    if (this.#freed) return;
    this.#freed = true;
    this.#connection.free();
    this.#carrier.close();
  }

  /**
   * Calls an operation of the engine until it is done. Sends and receives for it meanwhile.
   *
   * @param {(now: number) => number} operation
   */
  async #drive(operation) {
    for (;;) {
      if (this.#freed) throw new SocketError("ERR_CLOSED", "the socket is closed");
      const step = operation(performance.now());
      if (step !== Step.Receive) await this.#flush(); // an answer, a retransmission, or an alert
      if (step >= 0) return step;
      if (step === Step.Receive) await this.#receive();
      else if (step !== Step.Send) throw this.#failed();
    }
  }

  #failed() {
    return this.#freed ? new SocketError("ERR_CLOSED", "the socket is closed") : SocketError.ofEngine(this.#connection.failure());
  }

  /** Waits for a datagram, or until one has to be retransmitted. */
  async #receive() {
    this.#arriving ??= this.#takeDatagram().finally(() => (this.#arriving = null));
    const wait = this.#connection.wait(performance.now(), Infinity);
    if (wait === Infinity) return this.#arriving;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, Math.min(wait, LONGEST_TIMER))));
    await Promise.race([this.#arriving, late]).finally(() => clearTimeout(timer));
  }

  async #takeDatagram() {
    const datagram = await this.#carrier.receive().catch(raise);
    if (this.#freed) return;
    if (datagram === null) return this.#connection.receivedEnd();
    const { bytes, port } = datagram;
    if (port !== this.#peer.port) return; // of another sender
    // Called before bytes(), because the memory may grow to make room.
    const to = this.#connection.receiveSpace(bytes.length);
    this.#engine.bytes().set(bytes, to);
    this.#connection.received(bytes.length);
  }

  async #flush() {
    while (!this.#freed) {
      const length = this.#connection.toSendLength();
      if (length === 0) return;
      const at = this.#connection.toSend();
      const bytes = this.#engine.bytes().slice(at, at + length);
      this.#connection.sent(length);
      await this.#carrier.send(bytes, this.#peer).catch(raise);
    }
  }
}
