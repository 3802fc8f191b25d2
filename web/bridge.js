/**
 * The functions that `tls.py` calls. None of them throws: a JavaScript exception cannot be caught
 * in MicroPython and unwinds through its VM. They return numbers, strings, null, or objects that
 * Python only passes back. A negative number or null means that the call failed; the `error_*`
 * functions then describe the failure. A failure without an exception in MicroPython is a fault of
 * this package: Python raises an InternalError with its stack.
 */

import { EBADF, EIO, messageOf, stackOf } from "./net/errno.js";
import { SyncTransport } from "./net/sync_transport.js";
import { CACHE_LENGTH, consume, consumeAndEmpty, fill } from "./plaintext_cache.js";
import { DtlsSocket } from "./dtls.js";
import { BLOCKED, FAILED, TlsSocket } from "./tls.js";

/**
 * @import { Context } from "../dist/engine/micropython_ssl.js"
 * @import { Engine } from "./engine.js"
 * @import { EmscriptenFS } from "./filesystem.js"
 * @import { Failure, SocketOptions } from "./tls.js"
 *
 * @typedef {object} Program What the Python program has set on a context.
 * @property {boolean} datagram Whether the context is of DTLS.
 * @property {((length: number, depth: number) => number | null) | null} [callback]
 * @property {(identity: Uint8Array) => Uint8Array | null} [psk]
 * @property {((lines: string) => void) | null} [keyLog]
 * @property {Uint8Array} [certificate] The bytes that `copy_certificate` copies: a certificate or a
 *   PSK identity.
 *
 * @typedef {Context & Program} BridgeContext
 * @typedef {TlsSocket & {certificate?: Uint8Array}} BridgeSocket
 *
 * @typedef {(operation: number, length: number) => number | null} PythonFunctions See
 *   PythonTransport.
 */

/**
 * @param {() => Uint8Array} heap Returns a new view of MicroPython's memory. A view is valid until
 *   the memory grows.
 * @param {Engine} engine
 * @param {object} options
 * @param {(handle: number) => SyncTransport | undefined} options.socket Finds a socket by the
 *   number that `socket.py` keeps in `_h`.
 * @param {"required" | null} [options.verify] "required": clients of `ssl` verify their peers
 *   unless the program sets verify_mode.
 * @param {() => Uint8Array | null} [options.roots] Mozilla's root certificates in PEM, for
 *   `load_default_certs()`.
 * @param {EmscriptenFS | null} [options.files] Emscripten's file system. It makes the files that
 *   only their owner may read.
 * @returns The module to register as `_mptls`, and what to call while a transport is being opened.
 */
export function createBridge(heap, engine, { socket, verify = null, roots = () => null, files = null }) {
  /** @param {number} address @param {number} length */
  const copy = (address, length) => heap().slice(address, address + length);
  /**
   * What `error_*` describe. The engine keeps the failures of its connections; this is also the
   * failure of a context, a file, a transport or this package, which no connection knows.
   *
   * @type {unknown}
   */
  let error = null;
  /** Whether a program has imported `tls`. */
  let imported = false;
  /**
   * The TLS context that was made last. The next connection probably uses it. @type
   * {BridgeContext | null}
   */
  let latest = null;

  /**
   * Runs an action that may throw, and keeps its failure for `error_*`. `bytes` is the size of the
   * arguments that the engine copies.
   *
   * @template T
   * @param {() => T} action
   * @param {number} [bytes]
   */
  function guarded(action, bytes) {
    return made(action, bytes) ?? FAILED;
  }

  /**
   * As `guarded`, for an action that makes an object. Returns null where the action fails.
   *
   * @template T
   * @param {() => T} action
   * @param {number} [bytes]
   */
  function made(action, bytes) {
    try {
      if (bytes !== undefined) engine.lookForRoom(bytes);
      return action();
    } catch (caught) {
      error = caught;
      return null;
    }
  }

  /** @param {BridgeSocket} tls @param {number} count */
  function outcome(tls, count) {
    if (count === FAILED) error = tls.failure;
    return count;
  }

  /**
   * Reads, then fills the cache, unless the cache's address is 0. `position` is where Python
   * stopped reading the last cache.
   *
   * @param {BridgeSocket} tls
   * @param {number} position
   * @param {number} cache
   * @param {() => number} read
   */
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
    /** Null if there is no memory for it. @param {number} protocol */
    new_context: (protocol) =>
      made(() => {
        const context = Object.assign(new engine.Context(protocol), { datagram: (protocol & DATAGRAM) !== 0 });
        if (!context.datagram) latest = context;
        return context;
      }, 0),
    /** @param {BridgeContext} context */
    get_verify_mode: (context) => context.verifyMode,
    /** @param {BridgeContext} context @param {number} mode */
    set_verify_mode: (context, mode) => guarded(() => ((context.verifyMode = mode), 0)),
    /** @param {BridgeContext} context */
    get_check_hostname: (context) => context.checkHostname,
    /** @param {BridgeContext} context @param {boolean} check */
    set_check_hostname: (context, check) => {
      context.checkHostname = check;
    },
    /**
     * `callback(length, depth)` gets the certificate by `copy_certificate`. It returns null when
     * Python raised an exception.
     *
     * @param {BridgeContext} context
     * @param {((length: number, depth: number) => number | null) | null} callback
     */
    set_verify_callback: (context, callback) => {
      context.callback = callback;
      context.setVerifyCallback(callback !== null);
    },
    /**
     * @param {BridgeContext} context
     * @param {number} identity
     * @param {number} identityLength
     * @param {number} key
     * @param {number} keyLength
     */
    set_psk: (context, identity, identityLength, key, keyLength) =>
      guarded(() => context.setPsk(copy(identity, identityLength), copy(key, keyLength)) ?? 0, identityLength + keyLength),
    /**
     * `lookup(length)` gets the identity by `copy_certificate` and returns the length of its key,
     * or -1 if there is none; `lookup(-1)` returns the key's address.
     *
     * @param {BridgeContext} context
     * @param {(length: number) => number} lookup
     */
    set_psk_lookup: (context, lookup) => {
      context.psk = (identity) => {
        context.certificate = identity;
        const length = lookup(identity.length);
        return length < 0 ? null : copy(lookup(-1), length);
      };
      context.askForPsks();
    },
    /** A certificate, or an identity. @param {BridgeContext} context @param {number} address */
    copy_certificate: (context, address) => {
      heap().set(context.certificate ?? NO_BYTES, address);
    },
    /**
     * @param {BridgeContext} context
     * @param {number} cert
     * @param {number} certLength
     * @param {number} key
     * @param {number} keyLength
     */
    load_cert_chain: (context, cert, certLength, key, keyLength) =>
      guarded(() => context.loadCertChain(copy(cert, certLength), copy(key, keyLength)) ?? 0, certLength + keyLength),
    /** @param {BridgeContext} context @param {number} key @param {number} length */
    check_private_key: (context, key, length) => guarded(() => context.checkPrivateKey(copy(key, length)) ?? 0, length),
    /** @param {BridgeContext} context @param {number} address @param {number} length */
    load_verify_locations: (context, address, length) =>
      guarded(() => context.loadVerifyLocations(copy(address, length)) ?? 0, length),
    BLOCKED,
    cipher_suites: () => engine.cipherSuites().join("\n"),
    /** @param {BridgeContext} context @param {string} names */
    set_ciphers: (context, names) => guarded(() => context.setCiphers(names === "" ? [] : names.split("\n")) ?? 0, OF_NAMES * names.length),
    /** @param {BridgeContext} context @param {number} lowest @param {number} highest */
    set_versions: (context, lowest, highest) => guarded(() => context.setVersions(lowest, highest) ?? 0),
    verify_required: () => verify === "required",
    /** Trusts Mozilla's roots; fails without any. @param {BridgeContext} context */
    load_default_certs: (context) =>
      guarded(() => {
        const certificates = roots();
        if (certificates === null) throw osError("no root certificates were given to micropython-ssl");
        engine.lookForRoom(certificates.length);
        return context.loadVerifyLocations(certificates) ?? 0;
      }),
    /** @param {BridgeContext} context @param {boolean} enabled */
    set_session_resumption: (context, enabled) => context.setSessionResumption(enabled),
    /**
     * Makes the file of a key log, unless it exists. Only its owner may read it. A wrong path fails
     * when the file is opened.
     *
     * @param {string} path
     */
    create_private: (path) => guarded(() => (files?.close(files.open(path, "a", 0o600)), 0)),
    /**
     * `callback(lines)` gets the secrets of later connections.
     *
     * @param {BridgeContext} context
     * @param {((lines: string) => void) | null} callback
     */
    set_key_log: (context, callback) => {
      context.keyLog = callback;
      context.setKeyLog(callback !== null);
    },
    /** `names` is a list in JSON. @param {BridgeContext} context @param {string} names */
    set_alpn_protocols: (context, names) => guarded(() => context.setAlpnProtocols(JSON.parse(names)) ?? 0, OF_NAMES * names.length),

    /** @param {BridgeContext} context */
    get_dtls_mtu: (context) => context.dtlsMtu,
    /** @param {BridgeContext} context @param {number} bytes */
    set_dtls_mtu: (context, bytes) => guarded(() => context.setDtlsMtu(bytes) ?? 0),

    /**
     * A TLS or DTLS socket over the socket with this number, or over a `PythonTransport`'s
     * functions. Null if the context refuses to make a connection.
     *
     * @param {BridgeContext} context
     * @param {number} handle
     * @param {PythonFunctions | null} python
     * @param {number} hostname
     * @param {number} hostnameLength
     * @param {boolean} serverSide
     * @param {number} clientId
     * @param {number} clientIdLength
     */
    wrap: (context, handle, python, hostname, hostnameLength, serverSide, clientId, clientIdLength) => {
      const bytes = Math.max(0, hostnameLength) + Math.max(0, clientIdLength);
      return made(() => {
        context.setTime(Date.now() / 1000);
        const name = hostnameLength < 0 ? undefined : copy(hostname, hostnameLength);
        const transport = python === null ? (socket(handle) ?? CLOSED) : new PythonTransport(heap, python);
        if (context.datagram) {
          const client = clientIdLength < 0 ? undefined : copy(clientId, clientIdLength);
          return new DtlsSocket(engine, context.connectDatagram(name, serverSide, client), transport, optionsOf(context));
        }
        return new TlsSocket(engine, context.connect(name, serverSide), transport, optionsOf(context));
      }, bytes);
    },
    /** @param {BridgeSocket} tls */
    handshake: (tls) => guarded(() => outcome(tls, tls.handshake())),
    /** Length of a cache of plaintext: see plaintext_cache.js. */
    CACHE_LENGTH,
    /**
     * `read` goes on until it has `length` bytes; `read_record` makes one attempt. The upper half
     * of the result is the number of bytes in the cache.
     *
     * @param {BridgeSocket} tls
     * @param {number} address
     * @param {number} length
     * @param {number} position
     * @param {number} cache
     */
    read: (tls, address, length, position, cache) => reading(tls, position, cache, () => tls.readOn(heap, address, length)),
    /**
     * @param {BridgeSocket} tls
     * @param {number} address
     * @param {number} length
     * @param {number} position
     * @param {number} cache
     */
    read_record: (tls, address, length, position, cache) => reading(tls, position, cache, () => tls.read(heap, address, length)),
    /**
     * @param {BridgeSocket} tls
     * @param {number} address
     * @param {number} length
     * @param {number} position
     * @param {number} cache
     */
    read_line: (tls, address, length, position, cache) => reading(tls, position, cache, () => tls.readLine(heap, address, length)),
    /**
     * @param {BridgeSocket} tls
     * @param {number} address
     * @param {number} length
     * @param {number} position
     */
    write: (tls, address, length, position) => {
      consumeAndEmpty(tls, position);
      return guarded(() => outcome(tls, tls.write(heap, address, length)));
    },
    /**
     * The events that are ready. The upper half has the events that the transport has to be polled
     * for; `polled` takes the transport's answer.
     *
     * @param {BridgeSocket} tls
     * @param {number} wanted
     * @param {number} position
     */
    poll: (tls, wanted, position) => {
      consume(tls, position);
      return guarded(() => tls.poll(wanted));
    },
    /** @param {BridgeSocket} tls @param {number} wanted @param {number} answer */
    polled: (tls, wanted, answer) => guarded(() => tls.polled(wanted, answer)),
    /** @param {BridgeSocket} tls */
    close: (tls) => {
      tls.cachedFrom = undefined;
      return guarded(() => (tls.close() ? 1 : 0));
    },

    /** @param {BridgeSocket} tls */
    cipher_suite: (tls) => tls.connection?.cipherSuite() ?? null,
    /** @param {BridgeSocket} tls */
    version: (tls) => tls.connection?.version() ?? null,
    /** @param {BridgeSocket} tls */
    alpn_protocol: (tls) => tls.connection?.alpnProtocol?.() ?? null,
    /**
     * Length of the peer's leaf certificate, -1 if there is none; `copy_certificate(tls, address)`
     * copies it.
     *
     * @param {BridgeSocket} tls
     */
    peer_certificate: (tls) => {
      tls.certificate = tls.connection?.peerCertificate(0);
      return tls.certificate?.length ?? -1;
    },
    /** The fields of the peer's certificate, in JSON. @param {BridgeSocket} tls */
    peer_description: (tls) => tls.connection?.peerDescription() ?? null,

    /**
     * The exception to raise: its type, which is "InternalError" or one of EXCEPTIONS; its number,
     * 0 for none; and its text.
     */
    error_type: () => (isFault(error) ? "InternalError" : EXCEPTIONS.includes(nameOf(error)) ? nameOf(error) : "OSError"),
    error_number: () => /** @type {Failure | null} */ (error)?.errno ?? 0,
    error_text: () => (isFault(error) ? stackOf(error) : messageOf(error)),
  };
  /**
   * Prepares a handshake while the transport is being opened. It does nothing in programs that have
   * not imported `tls`.
   */
  const prepare = () => {
    // Many programs make their context only when they are connected. Until then a context with the
    // defaults is prepared.
    if (imported) latest ??= functions.new_context(CLIENT);
    latest?.prepareKeyShare();
  };
  return { functions, prepare };
}

/**
 * Whether an error is a fault of this package. Errors of the engine have a name of MicroPython's;
 * errors of file systems and transports have a number. @param {unknown} error
 */
function isFault(error) {
  return !EXCEPTIONS.includes(nameOf(error)) && /** @type {Failure | null} */ (error)?.errno === undefined;
}

/** @param {unknown} error */
function nameOf(error) {
  return /** @type {Error | null} */ (error)?.name ?? "";
}

/** The names of the engine's errors. */
const EXCEPTIONS = ["OSError", "ValueError", "MemoryError"];

/**
 * The callbacks of a context's sockets to the program. @param {BridgeContext} context @returns
 * {SocketOptions}
 */
function optionsOf(context) {
  return {
    verify: (certificate, depth) => {
      const { callback } = context; // the program may have cleared it meanwhile
      if (!callback) return 0;
      context.certificate = certificate;
      return callback(certificate.length, depth);
    },
    psk: (identity) => context.psk?.(identity) ?? null,
    onEnd: () => {
      if (!context.keyLog) return;
      const lines = context.takeKeyLog();
      if (lines !== "") context.keyLog(lines);
    },
  };
}

/** An OSError with a text and no number, for Python. @param {string} text */
export function osError(text) {
  return Object.assign(new Error(text), { name: "OSError" });
}

const NO_BYTES = new Uint8Array(0);

/** A socket of this package that was closed before it was wrapped. */
class ClosedTransport extends SyncTransport {
  recvInto() {
    return -EBADF;
  }

  send() {
    return -EBADF;
  }
}

const CLOSED = new ClosedTransport();
const CLIENT = 0;
/**
 * Bytes of memory to count for each character of a list of names. The engine needs 16 bytes besides
 * the text of a name, which may be one character.
 */
const OF_NAMES = 16;
/** The bit of MicroPython's protocol numbers that means DTLS. */
const DATAGRAM = 2;

/**
 * A transport of Python functions that share a buffer: `python(0, n)` reads up to n bytes into it,
 * `python(1, n)` writes its first n bytes, `python(2, 0)` and `python(3, 0)` are its address and
 * length. The first two return a count or -errno, or null where they raised.
 */
class PythonTransport extends SyncTransport {
  exact = true;

  /** @param {() => Uint8Array} heap @param {PythonFunctions} python */
  constructor(heap, python) {
    super();
    this.heap = heap;
    this.python = python;
    this.address = python(2, 0) ?? 0;
    this.length = python(3, 0) ?? 0;
  }

  /** Unknown: Python's functions may wait for any time. */
  get timeout() {
    return undefined;
  }

  /** @param {Uint8Array} bytes @param {number} offset @param {number} length */
  recvInto(bytes, offset, length) {
    const count = this.#call(0, Math.min(length, this.length));
    // Python's memory may have grown in the call, so the view is made after it.
    if (count > 0) bytes.set(this.heap().subarray(this.address, this.address + count), offset);
    return count;
  }

  /** @param {Uint8Array} bytes @param {number} offset @param {number} length */
  send(bytes, offset, length) {
    const count = Math.min(length, this.length);
    this.heap().set(bytes.subarray(offset, offset + count), this.address);
    return this.#call(1, count);
  }

  /** @param {number} operation @param {number} length */
  #call(operation, length) {
    try {
      const count = this.python(operation, length);
      if (count !== null) return Math.min(count, length);
    } catch {
      // Python keeps the exception. JavaScript's copy of it adds nothing.
    }
    this.raised = true;
    return -EIO;
  }
}
