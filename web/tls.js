/**
 * TLS over a synchronous transport. It moves bytes between the engine, a transport and the
 * program's memory. It decides nothing.
 *
 * A transport or a callback may be the program's own code. While it runs, other operations of this
 * socket fail, and close() frees the connection when the operation is over.
 */

import { Step } from "../dist/engine/micropython_ssl.js";
import { DISPOSE } from "./dispose.js";
import { EAGAIN, EALREADY } from "./net/errno.js";
import { POLL_NVAL } from "./net/base.js";
import { checkTransport, within } from "./net/sync_transport.js";

/**
 * @import { Connection } from "../dist/engine/micropython_ssl.js"
 * @import { Engine } from "./engine.js"
 * @import { SyncTransportLike } from "./net/sync_transport.js"
 *
 * @typedef {Error & {errno?: number}} Failure Its `name` is Python's exception, `errno` its number.
 *
 * @typedef {object} SocketOptions
 * @property {(certificate: Uint8Array, depth: number) => number | null} [verify] The program's
 *   verify callback, for a context that has it enabled. It returns 0 to accept the certificate, and
 *   null if it raised an exception. Without a callback such a context refuses all peers.
 * @property {(identity: Uint8Array) => Uint8Array | null} [psk] Returns the pre-shared key of a
 *   client identity, for a context with a key lookup. Null or an exception refuses the client.
 * @property {() => void} [onEnd] Called when an operation ends, for example to take the context's
 *   key log.
 *
 * @typedef {(connection: Connection, length: number, now: number) => number} Operation Of the
 *   engine.
 */

// Results of an operation that are not counts: FAILED is a step of the engine; BLOCKED and RAISED
// are this file's own numbers below the engine's steps.
/** An operation failed; `failure` says why. */
export const FAILED = Step.Failed;
/** An operation would block; nothing was read or written. */
export const BLOCKED = -5;
/** The transport raised an exception, which is not an error of the connection. */
export const RAISED = -6;

/** The most bytes of one receive, where the transport may be read beyond a record. */
const RECEIVE_LENGTH = 64 * 1024;
/** The most bytes of one send to a transport that may run other code. It gets a copy. */
const SEND_LENGTH = 16 * 1024;

/** One end of a TLS connection, as a stream of plaintext. */
export class TlsSocket {
  /** Whether an operation is running. */
  #inUse = false;
  /** A connection that was closed while an operation used it. @type {Connection | null} */
  #closed = null;
  /** The buffer for receives of a transport that may run other code. @type {Uint8Array | null} */
  #received = null;

  /**
   * @param {Engine} engine
   * @param {Connection} connection The engine's connection, owned from now on.
   * @param {SyncTransportLike} transport
   * @param {SocketOptions} [options]
   */
  constructor(engine, connection, transport, { verify = () => null, psk = () => null, onEnd } = {}) {
    this.engine = engine;
    /** @type {Connection | null} Null after close(). */
    this.connection = connection;
    checkTransport(transport);
    this.transport = transport;
    this.verify = verify;
    this.psk = psk;
    this.onEnd = onEnd;
    /** @type {Failure | null} Why the last operation failed. */
    this.failure = null;
    /** @type {Failure | null} What every operation after close() fails with. */
    this.closedError = null;
    /**
     * @type {number | undefined} The position in the cache where its plaintext begins; see
     *   plaintext_cache.js.
     */
    this.cachedFrom = undefined;
  }

  /** Completes the handshake: 0, BLOCKED, FAILED or RAISED. */
  handshake() {
    return this.#drive(HANDSHAKE, 0);
  }

  /**
   * Reads available plaintext of one record to `target[offset..offset + length]`. `target` returns
   * the memory. It is called after the transport's wait, because memory may be replaced in it.
   *
   * @param {() => Uint8Array} target
   * @param {number} offset
   * @param {number} length
   * @returns {number} Bytes, 0 at end of file, BLOCKED, FAILED or RAISED.
   */
  read(target, offset, length) {
    return this.#read(READ, target, offset, length);
  }

  /**
   * As `read`, but stops at the end of a line.
   *
   * @param {() => Uint8Array} target
   * @param {number} offset
   * @param {number} length
   */
  readLine(target, offset, length) {
    return this.#read(READ_LINE, target, offset, length);
  }

  /**
   * As `read`, for a caller that needs all `length` bytes: it also takes further records that have
   * arrived. A failure or an end of file after them is the result of the next call.
   *
   * @param {() => Uint8Array} target
   * @param {number} offset
   * @param {number} length
   * @returns {number} As `read`.
   */
  readOn(target, offset, length) {
    let count = this.read(target, offset, length);
    if (count <= 0 || !this.transport.prompt) return count;
    return within(this.transport, 0, () => {
      while (count < length) {
        const more = this.read(target, offset + count, length - count);
        if (more <= 0) break;
        count += more;
      }
      return count;
    });
  }

  /**
   * Writes `source[offset..offset + length]`, at most as much as the engine's exchange buffer
   * holds. `source` returns the memory. It is called again after other code ran, which may have
   * replaced the memory or used the exchange buffer.
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

  /**
   * The events of `wanted` that are ready. The upper 16 bits have the events that the transport has
   * to be polled for.
   *
   * @param {number} wanted
   */
  poll(wanted) {
    return this.connection === null ? POLL_NVAL : this.connection.poll(wanted);
  }

  /**
   * The events of `wanted` that are ready, given the transport's answer.
   *
   * @param {number} wanted
   * @param {number} answer
   */
  polled(wanted, answer) {
    return this.connection === null ? POLL_NVAL : this.connection.polled(wanted, answer);
  }

  /**
   * Sends close_notify as far as the transport takes it without waiting, and frees the connection.
   * False if it was closed before.
   */
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

  [DISPOSE]() {
    this.close();
  }

  /**
   * @param {Operation} operation
   * @param {() => Uint8Array} target
   * @param {number} offset
   * @param {number} length
   */
  #read(operation, target, offset, length) {
    const { engine } = this;
    const count = this.#drive(operation, Math.min(length, engine.exchangeLength));
    if (count > 0) {
      const at = engine.exchange;
      target().set(engine.bytes().subarray(at, at + count), offset);
    }
    return count;
  }

  /** @param {Operation} operation @param {number} length */
  #drive(operation, length) {
    if (this.#inUse) {
      this.failure = Object.assign(new Error(""), { name: "OSError", errno: EALREADY });
      return FAILED;
    }
    this.#inUse = true;
    const began = this.now();
    try {
      for (;;) {
        if (this.connection === null) {
          this.failure = this.closedError;
          return FAILED;
        }
        const step = operation(this.connection, length, this.now());
        if (step >= 0) return step;
        const result =
          step === Step.Send ? this.#send() : step === Step.Receive ? this.receive(began) : step === Step.Verify ? this.#decide() : this.#fail();
        if (result !== 0) return result;
      }
    } finally {
      this.#inUse = false;
      this.#closed?.free();
      this.#closed = null;
      this.onEnd?.();
    }
  }

  #send() {
    const count = this.sendOnce();
    if (count > 0 || this.connection === null) return 0;
    return this.stopped(-count || EAGAIN, true); // a program's own stream may take nothing
  }

  /**
   * Offers the transport the bytes that wait to be sent. Returns the number of sent bytes,
   * or -errno.
   * @protected
   */
  sendOnce() {
    const { transport, engine } = this;
    const connection = this.held();
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
   * How many of the waiting bytes one send offers to a transport that may run other code.
   * @param {number} length
   * @protected
   */
  part(length) {
    return Math.min(length, SEND_LENGTH);
  }

  /** Has the program decide about the peer. Returns 0 to go on, or FAILED. */
  #decide() {
    const identity = this.held().pskIdentity();
    return identity === undefined ? this.#decideChain() : this.#providePsk(identity);
  }

  /** @param {Uint8Array} identity */
  #providePsk(identity) {
    const connection = this.held();
    let key = null;
    try {
      const found = this.psk(identity);
      this.engine.lookForRoom(found?.length ?? 0);
      key = found;
    } catch {
      // The identity is then unknown, as on a board.
    }
    if (this.connection === null) return 0;
    return connection.providePsk(key ?? undefined) === 0 ? 0 : this.#fail();
  }

  /**
   * Calls the program's verify callback for the peer's chain, from the root to the leaf, until it
   * refuses a certificate.
   */
  #decideChain() {
    const connection = this.held();
    const chain = connection.chain();
    /** @type {number | null} */
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
    if (cause !== undefined && this.failure) this.failure.cause = cause;
    return result;
  }

  /**
   * The connection. The caller has checked that it is not closed.
   *
   * @package
   */
  held() {
    return /** @type {Connection} */ (this.connection);
  }

  /**
   * The time in milliseconds, for connections that need it.
   * @protected
   */
  now() {
    return 0;
  }

  /**
   * Receives once: 0 to go on, BLOCKED, FAILED or RAISED.
   * @param {number} began When the operation began, by `now()`.
   * @protected
   */
  receive(began) {
    const { transport } = this;
    const connection = this.held();
    const count = this.receiveOnce(transport.exact ? connection.missing() : RECEIVE_LENGTH);
    if (this.connection === null) return 0;
    if (count < 0) return this.stopped(-count, false);
    if (count === 0) connection.receivedEnd();
    else connection.received(count);
    return 0;
  }

  /**
   * Has the transport receive up to `room` bytes into the connection's receive buffer. Returns the
   * number of bytes, or -errno.
   * @param {number} room
   * @protected
   */
  receiveOnce(room) {
    const { transport, engine } = this;
    const connection = this.held();
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
   * The result after a transport's error: BLOCKED, FAILED or RAISED.
   * @param {number} errno
   * @param {boolean} sending
   * @protected
   */
  stopped(errno, sending) {
    if (this.#raised()) return RAISED;
    const connection = this.held();
    if (connection.stopped(errno, sending)) return BLOCKED;
    this.failure = connection.failure() ?? null;
    return FAILED;
  }

  #fail() {
    this.failure = this.held().failure() ?? null;
    this.sendWaiting();
    return this.#raised() ? RAISED : FAILED;
  }

  #raised() {
    const raised = this.transport.raised === true;
    if (raised) this.transport.raised = false;
    return raised;
  }

  /**
   * Sends waiting bytes (an alert, close_notify) as far as the transport takes them without
   * waiting.
   */
  sendWaiting() {
    within(this.transport, 0, () => this.sendAll());
  }

  /** @protected */
  sendAll() {
    if (this.held().toSendLength() > 0) this.sendOnce();
  }
}

// Only datagram connections use the time.
/** @type {Operation} */
const HANDSHAKE = (connection, _, now) => connection.handshake(now);
/** @type {Operation} */
const READ = (connection, length, now) => connection.read(length, now);
/** @type {Operation} */
const READ_LINE = (connection, length, now) => connection.readLine(length, now);
