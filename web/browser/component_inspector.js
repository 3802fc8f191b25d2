/**
 * Watches the connections of MicroPython, the component; see observations.js. It watches in two
 * places where JavaScript runs in any case: between the program's sockets and the network, and
 * between two components, the interpreter and the engine.
 */

import { EINPROGRESS, EISCONN, EALREADY, EAGAIN } from "../net/errno.js";
import { Observations } from "./observations.js";

/**
 * @import { Call } from "../component/abi.js"
 * @import { StreamSocket } from "../net/stream.js"
 * @import { SocketNetwork } from "../wasi/sockets.js"
 * @import { Facts, Observation, Watched } from "./observations.js"
 *
 * @typedef {object} EngineConnection A connection of the engine.
 * @property {"connection" | "datagram-connection"} kind
 * @property {number} context
 * @property {string | null} name
 * @property {Watched | null} watched
 *
 * @typedef {Record<string, {call?: Call}>} Functions
 * @typedef {{tag: "ok" | "err", val: any}} Result
 */

const HANDSHAKE = 22; // the type of a record
const [TLS, DTLS] = [3, 254]; // a record's major version
/** Results that do not end a connection. */
const NOT_YET = new Set([-EINPROGRESS, -EALREADY, -EAGAIN]);
const OPERATIONS = /^(\[method\](datagram-)?connection\.)?(handshake|read|write)$/;

export class ComponentInspector {
  #seen;
  /**
   * The engine's connections by their handles, and the connection that was last asked for bytes to
   * send.
   *
   * @type {Map<number, EngineConnection>}
   */
  #connections = new Map();
  /** @type {EngineConnection | null} */
  #sending = null;
  /** Does a context verify its peers? @type {Map<number, boolean>} */
  #verifies = new Map();
  /** @type {Functions} */
  #engine = {};

  /** @param {(observation: Observation) => void} post */
  constructor(post) {
    this.#seen = new Observations(post);
  }

  /**
   * A network whose sockets are watched. @param {SocketNetwork} network @returns {SocketNetwork}
   */
  network(network) {
    return watching(network, {
      get: (/** @type {number} */ handle) => {
        const socket = /** @type {StreamSocket | undefined} */ (network.get(handle));
        return socket && this.#socket(network, handle, socket);
      },
    });
  }

  /**
   * The functions of one component that another one calls, watched.
   *
   * @param {string} name
   * @param {Functions} functions
   * @returns {Functions}
   */
  between = (name, functions) => {
    if (/^micropython:ssl\/(tls|bulk)@/.test(name)) {
      Object.assign(this.#engine, functions);
      return Object.fromEntries(Object.entries(functions).map(([name, each]) => [name, each.call ? { ...each, call: this.#call(name, each.call) } : each]));
    }
    return functions;
  };

  flush() {
    this.#seen.flush();
  }

  /** The program has ended, and with it its connections. */
  end() {
    this.#seen.end();
    this.#connections.clear();
    this.#verifies.clear();
    this.#sending = null;
    this.#engine = {};
  }

  /** @param {SocketNetwork} network @param {number} handle @param {StreamSocket} socket */
  #socket(network, handle, socket) {
    const seen = this.#seen;
    /**
     * @param {boolean} out @param {number} count @param {Uint8Array} bytes @param {number} offset
     */
    const moved = (out, count, bytes, offset) => {
      const watched = seen.get(handle);
      if (watched && count > 0) this.#moved(watched, out, bytes.subarray(offset, offset + count));
      if (watched) seen.result(watched, count);
      return count;
    };
    return watching(socket, {
      connect: (/** @type {string} */ host, /** @type {number} */ port) => {
        const result = socket.connect(host, port);
        const watched = seen.get(handle) ?? seen.watch(handle, { host, port, incoming: false });
        if (result === 0 || result === -EISCONN) seen.connected(watched);
        else if (!NOT_YET.has(result)) watched.broken ??= -result;
        seen.changed(watched);
        return result;
      },
      accept: () => {
        const accepted = socket.accept();
        if (accepted > 0) {
          const { host, port } = network.get(accepted)?.peer ?? UNKNOWN;
          seen.changed(seen.watch(accepted, { host, port, incoming: true }));
        }
        return accepted;
      },
      /** @param {Uint8Array} bytes @param {number} offset @param {number} length */
      recvInto: (bytes, offset, length) => moved(false, socket.recvInto(bytes, offset, length), bytes, offset),
      /** @param {Uint8Array} bytes @param {number} offset @param {number} length */
      send: (bytes, offset, length) => moved(true, socket.send(bytes, offset, length), bytes, offset),
      close: () => {
        const result = socket.close();
        seen.close(handle);
        return result;
      },
    });
  }

  /** @param {Watched} watched @param {boolean} out @param {Uint8Array} bytes */
  #moved(watched, out, bytes) {
    if (!watched.tls && watched.sent + watched.received === 0 && bytes[0] === HANDSHAKE && (bytes[1] === TLS || bytes[1] === DTLS)) {
      this.#seen.secure(watched, null);
      if (bytes[1] === DTLS) watched.readers = null;
    }
    const connection = out && watched.tls && this.#sending;
    if (connection && watched.tls && !connection.watched) {
      connection.watched = watched;
      watched.tls.name = connection.name;
    }
    this.#seen.moved(watched, out, bytes);
  }

  /**
   * A function of the engine, watched. Its caller gets the result before the inspector calls the
   * engine again.
   *
   * @param {string} name
   * @param {Call} call
   * @returns {Call}
   */
  #call(name, call) {
    const then = this.#after(name);
    if (!then) return call;
    return (args, use) => {
      /** @type {any} */
      let result;
      const used = call(args, (value) => {
        result = value;
        return use(value);
      });
      then(args, result);
      return used;
    };
  }

  /**
   * What to do after a function of the engine, with its arguments and its result.
   *
   * @param {string} name
   * @returns {((args: any[], result: any) => void) | null}
   */
  #after(name) {
    if (name === "[constructor]context") return (_, context) => this.#lookAtContext(context);
    if (/^\[method\]context\.set-(verify-mode|check-hostname)$/.test(name)) return ([context]) => this.#lookAtContext(context);
    if (/^\[method\]context\.connect(-datagram)?$/.test(name)) {
      const kind = name.endsWith("datagram") ? "datagram-connection" : "connection";
      return (args, result) => this.#made(kind, args, result);
    }
    if (name.endsWith("to-send")) return ([number]) => void (this.#sending = this.#connections.get(number) ?? null);
    if (name.endsWith("connection.close")) return ([number]) => this.#connections.delete(number);
    if (OPERATIONS.test(name)) return ([number], result) => this.#look(number, result);
    return null;
  }

  /**
   * The program may have dropped the context when the connection is established. @param {number}
   * context
   */
  #lookAtContext(context) {
    this.#verifies.set(context, Boolean(this.#ask("context", context, "check-hostname")));
  }

  /** @param {EngineConnection["kind"]} kind @param {any[]} args @param {Result} result */
  #made(kind, [context, hostname], result) {
    if (result.tag !== "ok") return;
    const name = hostname === undefined ? null : new TextDecoder().decode(Uint8Array.from(hostname));
    this.#connections.set(result.val, { kind, context, name, watched: null });
  }

  /**
   * Checks after an operation whether the handshake is over or the connection has failed.
   *
   * @param {number} number
   * @param {Result} result
   */
  #look(number, { tag, val }) {
    const connection = this.#connections.get(number);
    const watched = connection?.watched;
    if (!connection || !watched?.tls) return;
    const { established, failure } = watched.tls;
    // The last flight may still wait to be sent with the program's first data.
    if (tag === "ok" && established === null && val.val !== "verify" && !this.#ask(connection.kind, number, "handshaking")) {
      this.#seen.established(watched, { verified: this.#verifies.get(connection.context) ?? false, ...this.#facts(connection.kind, number) });
    }
    if (tag === "err" && failure === null) this.#seen.failed(watched, val.text, established === null ? this.#facts(connection.kind, number) : {});
  }

  /** @param {EngineConnection["kind"]} kind @param {number} number @returns {Facts} */
  #facts(kind, number) {
    return {
      version: this.#ask(kind, number, "version"),
      suite: this.#ask(kind, number, "cipher-suite"),
      group: this.#ask(kind, number, "key-exchange-group"),
      protocol: this.#ask(kind, number, "alpn-protocol", (name) => name && new TextDecoder().decode(name)),
      certificates: this.#ask(kind, number, "peer-certificates", (chain) => chain.map((/** @type {Uint8Array} */ certificate) => certificate.slice())),
    };
  }

  /**
   * Calls a function of an engine's connection or context; null where the engine has no such
   * function. The result lies in the engine's memory and is valid until `copy` returns.
   *
   * @param {EngineConnection["kind"] | "context"} kind
   * @param {number} number
   * @param {string} what
   * @param {(value: any) => any} copy
   */
  #ask(kind, number, what, copy = (value) => value) {
    return this.#engine[`[method]${kind}.${what}`]?.call?.([number], copy) ?? null;
  }
}

const UNKNOWN = { host: "", port: 0 };

/**
 * An object with some of its methods replaced.
 *
 * @template {object} T
 * @param {T} object
 * @param {Partial<T>} methods
 * @returns {T}
 */
function watching(object, methods) {
  return new Proxy(object, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name);
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  });
}
