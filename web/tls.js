/**
 * TLS over a synchronous transport: moves bytes between the engine, a transport and the memory of the program, and decides nothing.
 *
 * @typedef {object} Transport What carries the ciphertext.
 * @property {(bytes: Uint8Array, offset: number, length: number) => number} recvInto Bytes received, 0 at the end, or -errno.
 * @property {(bytes: Uint8Array, offset: number, length: number) => number} send Bytes sent, at least 1, or -errno.
 * @property {boolean} [exact] Must not be asked for more than what completes a record.
 */

/** An operation would block; nothing was read or written. */
export const BLOCKED = -1;
/** An operation failed; `failure` says why. */
export const FAILED = -2;

const EINTR = 4;
const EAGAIN = 11;
const EINPROGRESS = 115;

// The engine's steps; see src/bindings/js.rs.
const SEND = -1;
const RECEIVE = -2;

const RECEIVE_AHEAD = 64 * 1024;

/** One end of a TLS connection, as a stream of plaintext. */
export class TlsSocket {
  /**
   * @param {import("./engine.js").Engine} engine
   * @param {object} connection The engine's connection, owned from now on.
   * @param {Transport} transport
   */
  constructor(engine, connection, transport) {
    this.engine = engine;
    this.connection = connection;
    this.transport = transport;
    /** @type {Error | null} Why the last operation failed. */
    this.failure = null;
  }

  /** Completes the handshake: 0, BLOCKED or FAILED. */
  handshake() {
    return this.#drive(HANDSHAKE, 0);
  }

  /**
   * Reads what is there of one record to `target[offset..offset + length]`.
   * `target` is called for the bytes after the transport was waited for, because memory may be replaced meanwhile.
   *
   * @param {() => Uint8Array} target
   * @param {number} offset
   * @param {number} length
   * @returns {number} Bytes, 0 at end of file, BLOCKED or FAILED.
   */
  read(target, offset, length) {
    const { engine } = this;
    const count = this.#drive(READ, Math.min(length, engine.exchangeLength));
    if (count > 0) {
      const at = engine.exchange;
      target().set(engine.bytes().subarray(at, at + count), offset);
    }
    return count;
  }

  /**
   * Writes `source[offset..offset + length]`, at most the engine's exchange buffer.
   *
   * @param {Uint8Array} source
   * @param {number} offset
   * @param {number} length
   * @returns {number} Bytes, BLOCKED or FAILED.
   */
  write(source, offset, length) {
    const { engine } = this;
    const count = Math.min(length, engine.exchangeLength);
    engine.bytes().set(source.subarray(offset, offset + count), engine.exchange);
    return this.#drive(WRITE, count);
  }

  /** Events that are ready among `wanted`; in the upper 16 bits those to ask the transport for. */
  poll(wanted) {
    return this.connection === null ? NVAL : this.connection.poll(wanted);
  }

  /** What is ready among `wanted`, given the transport's answer. */
  polled(wanted, answer) {
    return this.connection === null ? NVAL : this.connection.polled(wanted, answer);
  }

  /** Says goodbye where that needs no waiting, and frees the connection. False if it was closed before. */
  close() {
    const { connection } = this;
    if (connection === null) return false;
    connection.close();
    if (!this.transport.exact) this.sendWaiting();
    this.connection = null;
    connection.free();
    return true;
  }

  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.close();
  }

  #drive(operation, length) {
    if (this.connection === null) {
      this.failure = this.engine.useAfterClose();
      return FAILED;
    }
    for (;;) {
      const step = operation(this.connection, length, this.now());
      if (step >= 0) return step;
      const result = step === SEND ? this.#send() : step === RECEIVE ? this.receive() : this.#fail();
      if (result !== 0) return result;
    }
  }

  #send() {
    const { connection } = this;
    const at = connection.toSend();
    const count = this.transport.send(this.engine.bytes(), at, connection.toSendLength());
    if (count < 0) return this.stopped(-count, true);
    connection.sent(count);
    return 0;
  }

  /**
   * The time in milliseconds, where the engine asks for it.
   * @protected
   */
  now() {
    return 0;
  }

  /**
   * Receives once: 0 to go on, BLOCKED or FAILED.
   * @protected
   */
  receive() {
    const { connection, transport } = this;
    const room = transport.exact ? connection.missing() : RECEIVE_AHEAD;
    const at = connection.receiveSpace(room);
    const count = transport.recvInto(this.engine.bytes(), at, room);
    if (count < 0) return this.stopped(-count, false);
    connection.received(count);
    return 0;
  }

  /**
   * The transport answered with this errno: BLOCKED or FAILED.
   * @protected
   */
  stopped(errno, sending) {
    if (errno === EAGAIN || errno === EINPROGRESS || errno === EINTR) {
      this.connection.blocked(sending);
      return BLOCKED;
    }
    this.connection.transportFailed(errno);
    this.failure = this.connection.failure();
    return FAILED;
  }

  #fail() {
    this.failure = this.connection.failure();
    this.sendWaiting();
    return FAILED;
  }

  /**
   * Sends what waits (an alert, close_notify) as far as the transport takes it at once.
   * @protected
   */
  sendWaiting() {
    const { connection } = this;
    const length = connection.toSendLength();
    if (length === 0) return;
    const count = this.transport.send(this.engine.bytes(), connection.toSend(), length);
    if (count > 0) connection.sent(count);
  }
}

const NVAL = 0x20;
// Only datagram connections look at the time.
const HANDSHAKE = (connection, _, now) => connection.handshake(now);
const READ = (connection, length, now) => connection.read(length, now);
const WRITE = (connection, length, now) => connection.write(length, now);
