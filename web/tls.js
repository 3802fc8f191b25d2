/**
 * TLS over a synchronous transport: moves bytes between the engine, a transport and the memory of the program, and decides nothing.
 *
 * A transport or a callback may be the program's own code. While it runs, other operations of this socket fail, and close() frees the connection
 * when the operation is over.
 *
 * @typedef {object} Transport What carries the ciphertext.
 * @property {(bytes: Uint8Array, offset: number, length: number) => number} recvInto Bytes received, 0 at the end, or -errno.
 * @property {(bytes: Uint8Array, offset: number, length: number) => number} send Bytes sent, at least 1, or -errno.
 * @property {boolean} [exact] Must not be asked for more than what completes a record.
 * @property {boolean} [direct] Runs nobody else's code, so that it may use the engine's memory itself; others are given copies.
 * @property {boolean} [prompt] Answers at once when it may not wait (`timeout` 0), at hardly any cost.
 * @property {boolean} [raised] Set where an answer stands for an exception, which the program has: the connection goes on as if not asked.
 * @property {number} [timeout] How long an operation may wait, in milliseconds: Infinity when blocking, 0 when non-blocking.
 */

// What an operation answers instead of a count. The first four are the engine's steps, see `Step` in src/bindings/js.rs; of these callers see
// FAILED only.
const SEND = -1;
const RECEIVE = -2;
const VERIFY = -3;
/** An operation failed; `failure` says why. */
export const FAILED = -4;
/** An operation would block; nothing was read or written. */
export const BLOCKED = -5;
/** The transport raised an exception, which is not an error of the connection. */
export const RAISED = -6;

const EALREADY = 114;

/** How much is received at once, where the transport may be read ahead. */
const RECEIVE_LENGTH = 64 * 1024;
/** How much a transport is offered that may run other code, which is given a copy. */
const SEND_LENGTH = 16 * 1024;

/** One end of a TLS connection, as a stream of plaintext. */
export class TlsSocket {
  /** Is an operation under way? */
  #inUse = false;
  /** A connection that was closed while an operation used it. */
  #closed = null;
  /** Where a transport receives that may run other code. */
  #received = null;

  /**
   * @param {import("./engine.js").Engine} engine
   * @param {object} connection The engine's connection, owned from now on.
   * @param {Transport} transport
   * @param {object} [options]
   * @param {(certificate: Uint8Array, depth: number) => number | null} [options.verify] The program's verify callback, for a context that has it
   *   enabled: 0 if it has nothing against the certificate; null if it raised. Without one all peers of such a context are refused.
   * @param {() => void} [options.onEnd] Called when an operation ends, for what the context has to say of it.
   */
  constructor(engine, connection, transport, { verify = () => null, onEnd } = {}) {
    this.engine = engine;
    this.connection = connection;
    this.transport = transport;
    this.verify = verify;
    this.onEnd = onEnd;
    /** @type {Error | null} Why the last operation failed. */
    this.failure = null;
    /** @type {Error | null} What every operation after close() fails with. */
    this.closedError = null;
    /** @type {number | undefined} Where the plaintext in the cache begins; see plaintext_cache.js. */
    this.cachedFrom = undefined;
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
   * `source` is called for the bytes, again after other code ran, which may have replaced memory and used the exchange buffer.
   *
   * @param {() => Uint8Array} source
   * @param {number} offset
   * @param {number} length
   * @returns {number} Bytes, BLOCKED, FAILED or RAISED.
   */
  write(source, offset, length) {
    const { engine } = this;
    const count = Math.min(length, engine.exchangeLength);
    return this.#drive((connection, _, now) => {
      if (!connection.hasAccepted()) engine.bytes().set(source().subarray(offset, offset + count), engine.exchange);
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
    if (!this.transport.exact && !this.#inUse) this.sendWaiting();
    this.closedError = connection.closedError();
    this.connection = null;
    if (this.#inUse) this.#closed = connection;
    else connection.free();
    return true;
  }

  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.close();
  }

  #read(operation, target, offset, length) {
    const { engine } = this;
    const count = this.#drive(operation, Math.min(length, engine.exchangeLength));
    if (count > 0) {
      const at = engine.exchange;
      target().set(engine.bytes().subarray(at, at + count), offset);
    }
    return count;
  }

  #drive(operation, length) {
    if (this.#inUse) {
      this.failure = Object.assign(new Error(""), { name: "OSError", errno: EALREADY });
      return FAILED;
    }
    this.#inUse = true;
    try {
      for (;;) {
        if (this.connection === null) {
          this.failure = this.closedError;
          return FAILED;
        }
        const step = operation(this.connection, length, this.now());
        if (step >= 0) return step;
        const result =
          step === SEND ? this.#send() : step === RECEIVE ? this.receive() : step === VERIFY ? this.#decide() : this.#fail();
        if (result !== 0) return result;
      }
    } finally {
      this.#inUse = false;
      if (this.#closed !== null) {
        this.#closed.free();
        this.#closed = null;
      }
      this.onEnd?.();
    }
  }

  #send() {
    const count = this.sendOnce();
    return count < 0 && this.connection !== null ? this.stopped(-count, true) : 0;
  }

  /**
   * Offers the transport what waits: bytes sent, or -errno.
   * @protected
   */
  sendOnce() {
    const { connection, transport, engine } = this;
    const at = connection.toSend();
    const length = connection.toSendLength();
    const part = transport.direct ? length : this.part(length);
    const count = transport.direct
      ? transport.send(engine.bytes(), at, part)
      : transport.send(engine.bytes().slice(at, at + part), 0, part);
    if (count > 0 && this.connection !== null) connection.sent(count);
    return count;
  }

  /**
   * How much of what waits a transport is offered that may run other code.
   * @protected
   */
  part(length) {
    return Math.min(length, SEND_LENGTH);
  }

  /** Asks the program about the peer's chain, from the top to the leaf, until it refuses a certificate: 0 to go on, FAILED. */
  #decide() {
    const { connection } = this;
    const chain = connection.chain();
    let verdict = 0;
    let cause;
    for (let depth = chain.length - 1; depth >= 0 && verdict === 0; depth--) {
      try {
        verdict = this.verify(chain[chain.length - 1 - depth], depth);
      } catch (caught) {
        verdict = null;
        cause = caught;
      }
      if (this.connection === null) return 0;
    }
    if (connection.decide(typeof verdict === "number" ? verdict : undefined) === 0) return 0;
    const result = this.#fail();
    if (cause !== undefined) this.failure.cause = cause;
    return result;
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
    const count = this.receiveOnce(transport.exact ? connection.missing() : RECEIVE_LENGTH);
    if (this.connection === null) return 0;
    if (count < 0) return this.stopped(-count, false);
    if (count === 0) connection.receivedEnd();
    else connection.received(count);
    return 0;
  }

  /**
   * Has the transport receive up to `room` bytes to where the connection takes them: bytes, or -errno.
   * @protected
   */
  receiveOnce(room) {
    const { connection, transport, engine } = this;
    if (transport.direct) {
      const at = connection.receiveSpace(room);
      return transport.recvInto(engine.bytes(), at, room);
    }
    if (this.#received === null || this.#received.length < room) this.#received = new Uint8Array(room);
    const received = this.#received;
    const count = transport.recvInto(received, 0, room);
    if (count > 0 && this.connection !== null) {
      const at = connection.receiveSpace(count);
      engine.bytes().set(received.subarray(0, count), at);
    }
    return count;
  }

  /**
   * The transport answered with this errno: BLOCKED, FAILED or RAISED.
   * @protected
   */
  stopped(errno, sending) {
    if (this.#raised()) return RAISED;
    if (this.connection.stopped(errno, sending)) return BLOCKED;
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
    if (this.connection.toSendLength() > 0) this.sendOnce();
  }
}

const NVAL = 0x20;
// Only datagram connections look at the time.
const HANDSHAKE = (connection, _, now) => connection.handshake(now);
const READ = (connection, length, now) => connection.read(length, now);
const READ_LINE = (connection, length, now) => connection.readLine(length, now);
