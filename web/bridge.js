/**
 * The functions that `tls.py` calls. None of them throws: a JavaScript exception cannot be caught in MicroPython and unwinds through its VM.
 * They return numbers, strings, null or objects that Python only hands back; after a negative number or null, `error_*` describe the failure.
 */

import { CACHE_LENGTH, consume, consumeAndEmpty, fill } from "./plaintext_cache.js";
import { DtlsSocket } from "./dtls.js";
import { BLOCKED, FAILED, RAISED, TlsSocket } from "./tls.js";

/**
 * @param {() => Uint8Array} heap MicroPython's memory, made afresh for each call: it is replaced when it grows.
 * @param {import("./engine.js").Engine} engine
 * @param {object} options
 * @param {(handle: number) => import("./tls.js").Transport | undefined} options.socket Finds a socket by the number that `socket.py` keeps in `_h`.
 * @param {"1.2" | "1.3" | null} [options.version] The only version of TLS to speak; both by default.
 * @param {string[] | null} [options.ciphers] Suites for contexts that are told of none; the engine's defaults by default.
 * @param {() => Uint8Array | null} [options.roots] Mozilla's root certificates in PEM, for `load_default_certs()`.
 * @param {object} [options.files] Emscripten's file system, for files that only their owner may read.
 * @param {() => number} [options.now] The time in seconds since 1970.
 * @returns {{functions: object, prepare: () => void}} The module to register as `_mptls`, and what to call while a transport is being opened.
 */
export function createBridge(
  heap,
  engine,
  { socket, version = null, ciphers = null, roots = () => null, files = null, now = () => Date.now() / 1000 },
) {
  const copy = (address, length) => heap().slice(address, address + length);
  let error = null;
  /** Whether a program has imported `tls`. */
  let imported = false;
  /** The TLS context that was made last, which the next connection is likely to be of. */
  let latest = null;

  /** Runs what may throw; a failure is kept for `error_*`. */
  function guarded(action) {
    try {
      return action();
    } catch (caught) {
      error = caught;
      return FAILED;
    }
  }

  function outcome(tls, count) {
    if (count === FAILED) error = tls.failure;
    return count;
  }

  /** Reads, then fills the cache, unless its address is 0. `position` is up to where Python has read the cache before. */
  function reading(tls, position, cache, read) {
    consumeAndEmpty(tls, position);
    return guarded(() => {
      const count = outcome(tls, read());
      return cache === 0 || count <= 0 ? count : count | (fill(tls, heap(), cache) << 16);
    });
  }

  const functions = {
    /** A program has imported `tls`. */
    imported: () => {
      imported = true;
    },
    new_context: (protocol) => {
      const context = new engine.Context(protocol);
      context.datagram = (protocol & DATAGRAM) !== 0;
      if (version !== null && !context.datagram) context.setVersions(VERSIONS[version], VERSIONS[version]);
      if (ciphers !== null) context.setCiphers(ciphers);
      if (!context.datagram) latest = context;
      return context;
    },
    get_verify_mode: (context) => context.verifyMode,
    set_verify_mode: (context, mode) => {
      context.verifyMode = mode;
    },
    /** `callback(length, depth)` gets the certificate by `copy_certificate` and returns null where Python raised. */
    set_verify_callback: (context, callback) => {
      context.callback = callback;
      context.setVerifyCallback(callback !== null);
    },
    copy_certificate: (context, address) => {
      heap().set(context.certificate, address);
    },
    load_cert_chain: (context, cert, certLength, key, keyLength) =>
      guarded(() => context.loadCertChain(copy(cert, certLength), copy(key, keyLength)) ?? 0),
    load_verify_locations: (context, address, length) =>
      guarded(() => context.loadVerifyLocations(copy(address, length)) ?? 0),
    BLOCKED,
    cipher_suites: () => engine.cipherSuites().join("\n"),
    set_ciphers: (context, names) => guarded(() => context.setCiphers(names === "" ? [] : names.split("\n")) ?? 0),
    set_versions: (context, lowest, highest) => guarded(() => context.setVersions(lowest, highest) ?? 0),
    /** Trusts Mozilla's roots; fails without any. */
    load_default_certs: (context) =>
      guarded(() => {
        const certificates = roots();
        if (certificates === null) throw new Error("no root certificates were given to micropython-ssl");
        return context.loadVerifyLocations(certificates) ?? 0;
      }),
    set_session_resumption: (context, enabled) => context.setSessionResumption(enabled),
    /** Makes the file of a key log, for its owner alone, where there is none; what is wrong with the path shows when it is opened. */
    create_private: (path) => guarded(() => (files?.close(files.open(path, "a", 0o600)), 0)),
    /** `callback(lines)` gets the secrets of later connections. */
    set_key_log: (context, callback) => {
      context.keyLog = callback;
      context.setKeyLog(callback !== null);
    },
    /** `names` is a list in JSON. */
    set_alpn_protocols: (context, names) => guarded(() => context.setAlpnProtocols(JSON.parse(names)) ?? 0),

    get_dtls_mtu: (context) => context.dtlsMtu,
    set_dtls_mtu: (context, bytes) => guarded(() => context.setDtlsMtu(bytes) ?? 0),

    /** A TLS or DTLS socket over the socket with this number, or over a `PythonTransport`'s functions; null if the context refuses. */
    wrap: (context, handle, python, hostname, hostnameLength, serverSide, clientId, clientIdLength) => {
      try {
        context.setTime(now());
        const name = hostnameLength < 0 ? undefined : copy(hostname, hostnameLength);
        const transport = python === null ? (socket(handle) ?? CLOSED) : new PythonTransport(heap, python);
        if (context.datagram) {
          const client = clientIdLength < 0 ? undefined : copy(clientId, clientIdLength);
          return new DtlsSocket(engine, context.connectDatagram(name, serverSide, client), transport, optionsOf(context));
        }
        return new TlsSocket(engine, context.connect(name, serverSide), transport, optionsOf(context));
      } catch (caught) {
        error = caught;
        return null;
      }
    },
    handshake: (tls) => guarded(() => outcome(tls, tls.handshake())),
    /** Length of a cache of plaintext: see plaintext_cache.js. */
    CACHE_LENGTH,
    /** `read` goes on until there are `length` bytes; `read_record` is one attempt. The upper half is how much the cache has. */
    read: (tls, address, length, position, cache) => reading(tls, position, cache, () => tls.readOn(heap, address, length)),
    read_record: (tls, address, length, position, cache) => reading(tls, position, cache, () => tls.read(heap, address, length)),
    read_line: (tls, address, length, position, cache) => reading(tls, position, cache, () => tls.readLine(heap, address, length)),
    write: (tls, address, length, position) => {
      consumeAndEmpty(tls, position);
      return guarded(() => outcome(tls, tls.write(heap, address, length)));
    },
    /** Ready events, and in the upper half those to ask the transport for; its answer goes through `polled`. */
    poll: (tls, wanted, position) => {
      consume(tls, position);
      return guarded(() => tls.poll(wanted));
    },
    polled: (tls, wanted, answer) => guarded(() => tls.polled(wanted, answer)),
    close: (tls) => {
      tls.cachedFrom = undefined;
      return guarded(() => (tls.close() ? 1 : 0));
    },

    cipher_suite: (tls) => tls.connection?.cipherSuite() ?? null,
    version: (tls) => tls.connection?.version() ?? null,
    alpn_protocol: (tls) => tls.connection?.alpnProtocol?.() ?? null,
    /** Length of the peer's leaf certificate, -1 if there is none; `copy_certificate(tls, address)` copies it. */
    peer_certificate: (tls) => {
      tls.certificate = tls.connection?.peerCertificate(0);
      return tls.certificate?.length ?? -1;
    },

    /** The Python exception to raise: its type's name, its number (0: none) and its text. */
    error_type: () => (error?.errno === undefined && error?.name === "Error" ? "OSError" : (error?.name ?? "OSError")),
    error_number: () => error?.errno ?? 0,
    error_text: () => String(error?.message ?? error),
  };
  /** Does what of a handshake need not wait for the transport, while that is being opened; nothing in programs without TLS. */
  const prepare = () => {
    // One with the defaults stands for the program's until there is one: many make theirs when they are connected.
    if (imported) latest ??= functions.new_context(CLIENT);
    latest?.prepareKeyShare();
  };
  return { functions, prepare };
}

export { BLOCKED, FAILED, RAISED };

/** What a context's sockets ask and tell the program. */
function optionsOf(context) {
  return {
    verify: (certificate, depth) => {
      const { callback } = context; // which the program may have cleared meanwhile
      if (!callback) return 0;
      context.certificate = certificate;
      return callback(certificate.length, depth);
    },
    onEnd: () => {
      if (!context.keyLog) return;
      const lines = context.takeKeyLog();
      if (lines !== "") context.keyLog(lines);
    },
  };
}

const EIO = 5;
const EBADF = 9;
/** A socket of ours that was closed before it was wrapped. */
const CLOSED = { recvInto: () => -EBADF, send: () => -EBADF };
const CLIENT = 0;
/** The bit of MicroPython's protocol numbers that means DTLS. */
const DATAGRAM = 2;
const VERSIONS = { 1.2: 0x0303, 1.3: 0x0304 };

/**
 * A transport of Python functions that share a buffer: `python(0, n)` reads up to n bytes into it, `python(1, n)` writes its first n bytes, `python(2, 0)`
 * and `python(3, 0)` are its address and length. The first two return a count or -errno, or null where they raised.
 */
class PythonTransport {
  exact = true;
  raised = false;

  constructor(heap, python) {
    this.heap = heap;
    this.python = python;
    this.address = python(2, 0);
    this.length = python(3, 0);
  }

  recvInto(bytes, offset, length) {
    const count = this.#call(0, Math.min(length, this.length));
    // Python may have made its memory grow, so it is looked at only now.
    if (count > 0) bytes.set(this.heap().subarray(this.address, this.address + count), offset);
    return count;
  }

  send(bytes, offset, length) {
    const count = Math.min(length, this.length);
    this.heap().set(bytes.subarray(offset, offset + count), this.address);
    return this.#call(1, count);
  }

  #call(operation, length) {
    try {
      const count = this.python(operation, length);
      if (count !== null) return Math.min(count, length);
    } catch {
      // Python keeps what it raised; what JavaScript sees of it says nothing more.
    }
    this.raised = true;
    return -EIO;
  }
}
