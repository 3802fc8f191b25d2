/**
 * Observes an interpreter's connections: their addresses, their TLS parameters, the unencrypted
 * parts of their records, and how they end. A relay sees most of this, and the program itself can
 * ask for the rest.
 *
 * @typedef {object} Observation What is known of a connection. It replaces the earlier observation
 *   with the same `id`.
 * @property {number} id
 * @property {string} host
 * @property {number} port
 * @property {boolean} incoming Whether the peer opened it.
 * @property {number} opened In milliseconds since 1970, with fractions, as all times here.
 * @property {number | null} connected When the connection was established; null where that is
 *   unknown.
 * @property {number | null} closed
 * @property {number | null} broken The errno of the network error that ended the connection or kept
 *   it from opening. Not an error of TLS.
 * @property {number} sent Bytes on the wire.
 * @property {number} received
 * @property {null | TlsObservation} tls Null for a connection without TLS.
 *
 * @typedef {object} TlsObservation
 * @property {string | null} name The server name: it is sent as SNI and compared with the
 *   certificate.
 * @property {string | null} version
 * @property {string | null} suite
 * @property {string | null} group Of the key exchange.
 * @property {string | null} protocol By ALPN.
 * @property {Uint8Array[]} certificates The peer's chain in DER, the leaf first.
 * @property {boolean | null} verified Whether the peer's certificate had to be verified; null
 *   before the handshake is complete.
 * @property {number} recordsSent
 * @property {number} recordsReceived
 * @property {number | null} established
 * @property {{at: number, out: boolean, what: string, bytes: number}[]} records The first records,
 *   and all alerts.
 * @property {string | null} failure
 *
 * @typedef {Observation & {readers: {out: RecordReader, in: RecordReader} | null}} Watched
 * @typedef {Partial<TlsObservation>} Facts Of a handshake.
 */

import { EACCES, ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH } from "../net/errno.js";
import { describeRecord, RecordReader } from "./records.js";

const INTERVAL = 100; // ms between reports where only counts have changed
const RECORDS_KEPT = 40;
const [EPROTO, ENETDOWN, ENOBUFS] = [71, 100, 105];
/** Errors that are the end of a connection. */
const FATAL = new Set([EACCES, EPROTO, ENETDOWN, ENETUNREACH, ECONNRESET, ENOBUFS, ECONNREFUSED, EHOSTUNREACH]);

const time = () => performance.timeOrigin + performance.now();

export class Observations {
  #post;
  /** By the socket's handle. @type {Map<number, Watched>} */
  #watched = new Map();
  /** @type {Set<Watched>} */
  #dirty = new Set();
  #last = 0;
  #reported = 0;

  /** @param {(observation: Observation) => void} post */
  constructor(post) {
    this.#post = post;
  }

  /** The connection of a socket, if it is watched. @param {number} handle */
  get(handle) {
    return this.#watched.get(handle);
  }

  /**
   * Begins to observe the connection of a socket.
   *
   * @param {number} handle
   * @param {Pick<Observation, "host" | "port" | "incoming">} connection
   */
  watch(handle, { host, port, incoming }) {
    /** @type {Watched} */
    const watched = {
      id: ++this.#last, host, port, incoming, opened: time(), connected: null, closed: null, broken: null, sent: 0, received: 0, tls: null, readers: null,
    };
    this.#watched.set(handle, watched);
    return watched;
  }

  /** @param {Watched} watched */
  connected(watched) {
    watched.connected ??= time();
    this.changed(watched);
  }

  /** TLS begins on a connection. @param {Watched} watched @param {string | null} name */
  secure(watched, name) {
    watched.tls = {
      name, version: null, suite: null, group: null, protocol: null, certificates: [], verified: null,
      recordsSent: 0, recordsReceived: 0, established: null, records: [], failure: null,
    };
    watched.readers = { out: new RecordReader(), in: new RecordReader() };
  }

  /**
   * Bytes were sent or received on a connection.
   *
   * @param {Watched} watched @param {boolean} out @param {Uint8Array} bytes
   */
  moved(watched, out, bytes) {
    const { tls, readers } = watched;
    watched[out ? "sent" : "received"] += bytes.length;
    if (tls) for (const record of readers?.[out ? "out" : "in"].read(bytes) ?? []) {
      tls[out ? "recordsSent" : "recordsReceived"] += 1;
      const encrypted = tls.established !== null;
      if (tls.records.length < RECORDS_KEPT || record.alert) {
        tls.records.push({ at: time(), out, what: describeRecord(record, encrypted), bytes: record.length });
      }
    }
    this.#dirty.add(watched);
    this.flush();
  }

  /**
   * The handshake is complete. `facts` are properties of TlsObservation.
   *
   * @param {Watched} watched
   * @param {Facts} facts
   */
  established(watched, facts) {
    Object.assign(watched.tls ?? {}, { established: time(), ...facts });
    this.changed(watched);
  }

  /** TLS has failed. @param {Watched} watched @param {string} why @param {Facts} facts */
  failed(watched, why, facts) {
    Object.assign(watched.tls ?? {}, { failure: why.trim() || "failed", ...facts });
    this.changed(watched);
  }

  /**
   * Checks whether a socket's result is the end of its connection.
   *
   * @param {Watched} watched
   * @param {number} result
   */
  result(watched, result) {
    if (result >= 0 || !FATAL.has(-result)) return;
    watched.broken ??= -result;
    this.#dirty.add(watched);
  }

  /** The program has closed a socket. @param {number} handle */
  close(handle) {
    const watched = this.#watched.get(handle);
    this.#watched.delete(handle);
    if (!watched || watched.closed !== null) return;
    watched.closed = time();
    this.changed(watched);
  }

  /** The program has ended, and with it its connections. */
  end() {
    for (const handle of [...this.#watched.keys()]) this.close(handle);
    this.flush(true);
  }

  /** Reports the changes. Changed counts alone are reported at intervals. */
  flush(always = false) {
    if (this.#dirty.size === 0) return;
    const now = Date.now();
    if (!always && now - this.#reported < INTERVAL) return;
    this.#reported = now;
    for (const watched of this.#dirty) this.#report(watched);
  }

  /** @param {Watched} watched */
  changed(watched) {
    this.#dirty.add(watched);
    this.#report(watched);
  }

  /** @param {Watched} watched */
  #report(watched) {
    this.#dirty.delete(watched);
    const { readers, ...observation } = watched;
    this.#post(observation);
  }
}
