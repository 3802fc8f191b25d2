/**
 * TLS over a synchronous transport: moves bytes between the engine, a transport and the memory of the program, and decides nothing.
 *
 * @typedef {object} Transport What carries the ciphertext.
 * @property {(bytes: Uint8Array, offset: number, length: number) => number} recvInto Bytes received, 0 at the end, or -errno.
 * @property {(bytes: Uint8Array, offset: number, length: number) => number} send Bytes sent, at least 1, or -errno.
 * @property {boolean} [exact] Must not be asked for more than what completes a record.
 * @property {boolean} [prompt] Answers at once when it may not wait (`timeout` 0), at hardly any cost.
 * @property {boolean} [raised] Set where an answer stands for an exception, which the program has: the connection goes on as if not asked.
 * @property {number} [timeout] How long an operation may wait, in milliseconds: Infinity when blocking, 0 when non-blocking.
 */

/** An operation would block; nothing was read or written. */
export const BLOCKED = -1;
/** An operation failed; `failure` says why. */
export const FAILED = -2;
/** The transport raised an exception, which is not an error of the connection. */
export const RAISED = -3;

const EINTR = 4;
const EAGAIN = 11;

// The engine's steps; see src/bindings/js.rs.
const SEND = -1;
const RECEIVE = -2;

const RECEIVE_AHEAD = 64 * 1024;

/** One end of a TLS connection, as a stream of plaintext. */
export class TlsSocket {
  #prepared = false;

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
    /** @type {Error | null} What every operation after close() fails with. */
    this.closedError = null;
    /** @type {number | undefined} From where on it is shown; see ahead.js. */
    this.shownFrom = undefined;
  }

  /** Completes the handshake: 0, BLOCKED, FAILED or RAISED. */
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
   * @returns {number} Bytes, 0 at end of file, BLOCKED, FAILED or RAISED.
   */
  read(target, offset, length) {
    return this.#read(READ, target, offset, length);
  }

  /** As `read`, not beyond the end of a line. */
  readLine(target, offset, length) {
    return this.#read(READ_LINE, target, offset, length);
  }

  /**
   * As `read`, for who would read on until there are `length` bytes: takes further records that are there. What ends them shows in the next call.
   *
   * @param {() => Uint8Array} target
   * @param {number} offset
   * @param {number} length
   * @returns {number} As `read`.
   */
  readOn(target, offset, length) {
    let count = this.read(target, offset, length);
    const { transport } = this;
    if (count <= 0 || !transport.prompt) return count;
    const { timeout } = transport;
    transport.timeout = 0;
    try {
      while (count < length) {
        const more = this.read(target, offset + count, length - count);
        if (more <= 0) break;
        count += more;
      }
    } finally {
      transport.timeout = timeout;
    }
    return count;
  }

  /**
   * Writes `source[offset..offset + length]`, at most the engine's exchange buffer.
   * `source` is called for the bytes, again after the transport was waited for: memory may be replaced meanwhile, and the exchange buffer be used by
   * another connection, which may be the transport itself.
   *
   * @param {() => Uint8Array} source
   * @param {number} offset
   * @param {number} length
   * @returns {number} Bytes, BLOCKED, FAILED or RAISED.
   */
  write(source, offset, length) {
    const { engine } = this;
    const count = Math.min(length, engine.exchangeLength);
    if (!this.#prepared) {
      // A verify callback may use other connections, and with them the exchange buffer.
      const result = this.#drive(PREPARE_WRITE, 0);
      if (result !== 0) return result;
      this.#prepared = true;
    }
    let filled = -1;
    return this.#drive((connection, _, now) => {
      if (engine.exchangeUses !== filled) {
        engine.bytes().set(source().subarray(offset, offset + count), engine.exchange);
        filled = ++engine.exchangeUses;
      }
      return connection.write(count, now);
    }, count);
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
    this.closedError = connection.closedError();
    this.connection = null;
    connection.free();
    return true;
  }

  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.close();
  }

  #read(operation, target, offset, length) {
    const { engine } = this;
    const count = this.#drive(operation, Math.min(length, engine.exchangeLength));
    if (count > 0) {
      engine.exchangeUses++;
      const at = engine.exchange;
      target().set(engine.bytes().subarray(at, at + count), offset);
    }
    return count;
  }

  #drive(operation, length) {
    if (this.connection === null) {
      this.failure = this.closedError;
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
   * Receives once: 0 to go on, BLOCKED, FAILED or RAISED.
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
   * The transport answered with this errno: BLOCKED, FAILED or RAISED.
   * @protected
   */
  stopped(errno, sending) {
    if (this.#raised()) return RAISED;
    if (errno === EAGAIN || errno === EINTR) {
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
    return this.#raised() ? RAISED : FAILED;
  }

  #raised() {
    const raised = this.transport.raised === true;
    if (raised) this.transport.raised = false;
    return raised;
  }

  /** Sends what waits (an alert, close_notify) as far as the transport takes it without waiting. */
  sendWaiting() {
    const { transport } = this;
    const { timeout } = transport;
    if (timeout > 0) transport.timeout = 0;
    try {
      this.sendAll();
    } finally {
      if (timeout > 0) transport.timeout = timeout;
    }
  }

  /** @protected */
  sendAll() {
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
const PREPARE_WRITE = (connection, _, now) => connection.prepareWrite(now);
const READ = (connection, length, now) => connection.read(length, now);
const READ_LINE = (connection, length) => connection.readLine(length);
