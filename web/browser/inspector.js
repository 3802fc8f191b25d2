/**
 * Watches the connections of an interpreter for whoever wants to see them: where they go, what secures them, what the records say that
 * are no secret, and how they end. Sees what a relay sees, and what the program itself could ask.
 *
 * @typedef {object} Observation What is known of a connection; each one replaces what was known before, by `id`.
 * @property {number} id
 * @property {string} host
 * @property {number} port
 * @property {boolean} incoming Whether the peer opened it.
 * @property {number} opened In milliseconds since 1970 and fractions of them, as every time.
 * @property {number | null} connected When it stood; null where nothing told.
 * @property {number | null} closed
 * @property {number | null} broken The errno of what ended it or kept it from standing: of the network, and not of TLS.
 * @property {number} sent Bytes on the wire.
 * @property {number} received
 * @property {null | TlsObservation} tls Null for what goes out as it is.
 *
 * @typedef {object} TlsObservation
 * @property {string | null} name The name that was asked for (SNI) and looked for in the certificate.
 * @property {string | null} version
 * @property {string | null} suite
 * @property {string | null} group Of the key exchange.
 * @property {string | null} protocol By ALPN.
 * @property {Uint8Array[]} certificates Of the peer, in DER, its own first.
 * @property {boolean | null} verified Whether the connection would not stand if the peer could not be verified; null until it stands.
 * @property {number} recordsSent
 * @property {number} recordsReceived
 * @property {number | null} established
 * @property {{at: number, out: boolean, what: string, bytes: number}[]} records The first ones, and alerts.
 * @property {string | null} failure
 */

import { EACCES, ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT } from "../net/errno.js";
import { FAILED } from "../tls.js";
import { describeRecord, RecordReader } from "./records.js";

const INTERVAL = 100; // ms between reports of mere counts
const RECORDS_KEPT = 40;
const CERTIFICATES_KEPT = 10;
const [EPROTO, ENETDOWN, ENOBUFS] = [71, 100, 105];
const CERT_REQUIRED = 2;
/** Errors that are the end of a connection. */
const FATAL = new Set([EACCES, EPROTO, ENETDOWN, ENETUNREACH, ECONNRESET, ENOBUFS, ECONNREFUSED, EHOSTUNREACH]);

const time = () => performance.timeOrigin + performance.now();

export class Inspector {
  #post;
  #watched = new Map();
  #byTls = new WeakMap();
  #contexts = new WeakMap();
  #dirty = new Set();
  #memory;
  #name = null;
  #last = 0;
  #reported = 0;

  /**
   * @param {() => Uint8Array} memory MicroPython's memory, made afresh for each call.
   * @param {(observation: Observation) => void} post
   */
  constructor(memory, post) {
    this.#memory = memory;
    this.#post = post;
  }

  /** `_mpnet` with an eye on it. */
  network(module) {
    return {
      ...module,
      connect: (handle, host, port) => {
        const known = this.#watched.get(handle);
        // A call that had to wait may be made again.
        const watched = known?.host === host && known.port === port ? known : this.#watch(handle, { host, port, incoming: false });
        const result = module.connect(handle, host, port);
        if (result === 0) watched.connected ??= time();
        if (result === -ETIMEDOUT) watched.broken = ETIMEDOUT;
        this.#broke(watched, result);
        this.#changed(watched);
        return result;
      },
      accept: (handle) => {
        const accepted = module.accept(handle);
        if (accepted > 0) this.#changed(this.#watch(accepted, { host: module.peer_host(accepted), port: module.peer_port(accepted), incoming: true }));
        return accepted;
      },
      recv: (handle, ...rest) => this.#count(handle, "received", module.recv(handle, ...rest)),
      send: (handle, ...rest) => this.#count(handle, "sent", module.send(handle, ...rest)),
      close: (handle) => {
        const result = module.close(handle);
        this.#close(handle);
        return result;
      },
    };
  }

  /** `_mptls` with an eye on it. */
  tls(module) {
    const operation = (name) => (tls, ...rest) => {
      const result = module[name](tls, ...rest);
      this.#look(tls, result);
      return result;
    };
    return {
      ...module,
      wrap: (context, handle, python, hostname, hostnameLength, serverSide) => {
        this.#name = hostnameLength > 0 ? new TextDecoder().decode(this.#memory().slice(hostname, hostname + hostnameLength)) : null;
        const tls = module.wrap(context, handle, python, hostname, hostnameLength, serverSide);
        const watched = this.#watched.get(handle);
        if (tls && watched) {
          this.#byTls.set(tls, watched);
          this.#contexts.set(watched, context);
        }
        return tls;
      },
      handshake: operation("handshake"),
      read: operation("read"),
      write: operation("write"),
    };
  }

  /** A socket that becomes the transport of TLS, watched. */
  transport(handle, socket) {
    const watched = this.#watched.get(handle);
    if (!watched) return socket;
    const tls = {
      name: this.#name, version: null, suite: null, group: null, protocol: null, certificates: [], verified: null,
      recordsSent: 0, recordsReceived: 0, established: null, records: [], failure: null,
    };
    watched.tls = tls;
    watched.readers = { out: new RecordReader(), in: new RecordReader() };
    return {
      recvInto: (bytes, offset, length) => {
        const count = socket.recvInto(bytes, offset, length);
        if (count > 0) this.#records(watched, false, bytes.subarray(offset, offset + count));
        this.#broke(watched, count);
        return count;
      },
      send: (bytes, offset, length) => {
        const count = socket.send(bytes, offset, length);
        if (count > 0) this.#records(watched, true, bytes.subarray(offset, offset + count));
        this.#broke(watched, count);
        return count;
      },
      prompt: socket.prompt,
      get timeout() {
        return socket.timeout;
      },
      set timeout(milliseconds) {
        socket.timeout = milliseconds;
      },
    };
  }

  /** Reports what has changed; mere counts not too often. */
  flush(always = false) {
    if (this.#dirty.size === 0) return;
    const now = Date.now();
    if (!always && now - this.#reported < INTERVAL) return;
    this.#reported = now;
    for (const watched of this.#dirty) this.#report(watched);
  }

  /** The program has ended, and with it its connections. */
  end() {
    for (const handle of [...this.#watched.keys()]) this.#close(handle);
    this.flush(true);
  }

  #watch(handle, { host, port, incoming }) {
    const watched = { id: ++this.#last, host, port, incoming, opened: time(), connected: null, closed: null, broken: null, sent: 0, received: 0, tls: null, readers: null };
    this.#watched.set(handle, watched);
    return watched;
  }

  #count(handle, what, count) {
    const watched = this.#watched.get(handle);
    if (watched && count > 0) {
      watched[what] += count;
      this.#dirty.add(watched);
      this.flush();
    }
    if (watched) this.#broke(watched, count);
    return count;
  }

  /** Looks whether a result is the end of a connection. */
  #broke(watched, result) {
    if (result >= 0 || !FATAL.has(-result)) return;
    watched.broken ??= -result;
    this.#dirty.add(watched);
  }

  #close(handle) {
    const watched = this.#watched.get(handle);
    this.#watched.delete(handle);
    if (!watched || watched.closed !== null) return;
    watched.closed = time();
    this.#changed(watched);
  }

  #records(watched, out, bytes) {
    const { tls } = watched;
    watched[out ? "sent" : "received"] += bytes.length;
    for (const record of watched.readers[out ? "out" : "in"].read(bytes)) {
      tls[out ? "recordsSent" : "recordsReceived"] += 1;
      const encrypted = tls.established !== null;
      if (tls.records.length < RECORDS_KEPT || record.alert) {
        tls.records.push({ at: time(), out, what: describeRecord(record, encrypted), bytes: record.length });
      }
    }
    this.#dirty.add(watched);
    this.flush();
  }

  /** Looks after an operation whether the handshake is over, or everything. */
  #look(tls, result) {
    const watched = this.#byTls.get(tls);
    if (!watched) return;
    const seen = watched.tls;
    const established = result >= 0 && seen.established === null;
    const failed = result === FAILED && seen.failure === null;
    if (!established && !failed) return;
    if (established) {
      seen.established = time();
      seen.verified = this.#contexts.get(watched).verifyMode === CERT_REQUIRED;
    }
    if (failed) seen.failure = String(tls.failure?.message ?? "failed").trim();
    const { connection } = tls;
    if (connection && seen.version === null) {
      seen.version = connection.version() ?? null;
      seen.suite = connection.cipherSuite() ?? null;
      seen.group = connection.keyExchangeGroup() ?? null;
      seen.protocol = connection.alpnProtocol() ?? null;
      this.#keepCertificates(seen, connection);
    }
    this.#changed(watched);
  }

  #keepCertificates(seen, connection) {
    for (let i = 0; i < CERTIFICATES_KEPT; i++) {
      const certificate = connection.peerCertificate(i);
      if (!certificate) return;
      seen.certificates.push(certificate);
    }
  }

  #changed(watched) {
    this.#dirty.add(watched);
    this.#report(watched);
  }

  #report(watched) {
    this.#dirty.delete(watched);
    const { readers, ...observation } = watched;
    this.#post(observation);
  }
}
