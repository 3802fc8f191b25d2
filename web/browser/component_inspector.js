/**
 * Watches the connections of MicroPython, the component; see observations.js. It stands where
 * JavaScript does anyway: between the program's sockets and the network, and between the
 * interpreter and the engine, which are two components.
 */

import { EINPROGRESS, EISCONN, EALREADY, EAGAIN } from "../net/errno.js";
import { Observations } from "./observations.js";

const CERT_REQUIRED = 2;
const HANDSHAKE = 22; // the type of a record
const [TLS, DTLS] = [3, 254]; // a record's major version
/** Results that are no end. */
const NOT_YET = new Set([-EINPROGRESS, -EALREADY, -EAGAIN]);
const OPERATIONS = /^(\[method\](datagram-)?connection\.)?(handshake|read|write)$/;

export class ComponentInspector {
  #seen;
  /**
   * Connections of the engine, by their numbers there, and the one that has had something to send
   * last.
   */
  #connections = new Map();
  #sending = null;
  #modes = new Map();
  #engine = {};

  /** @param {(observation: import("./observations.js").Observation) => void} post */
  constructor(post) {
    this.#seen = new Observations(post);
  }

  /** A network with an eye on its sockets. */
  network(network) {
    return watching(network, {
      get: (handle) => {
        const socket = network.get(handle);
        return socket && this.#socket(network, handle, socket);
      },
    });
  }

  /** The functions of one component that another one calls, with an eye on them. */
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
    this.#modes.clear();
    this.#sending = null;
    this.#engine = {};
  }

  #socket(network, handle, socket) {
    const seen = this.#seen;
    const moved = (out, count, bytes, offset) => {
      const watched = seen.get(handle);
      if (watched && count > 0) this.#moved(watched, out, bytes.subarray(offset, offset + count));
      if (watched) seen.result(watched, count);
      return count;
    };
    return watching(socket, {
      connect: (host, port) => {
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
          const { host, port } = network.get(accepted).peer;
          seen.changed(seen.watch(accepted, { host, port, incoming: true }));
        }
        return accepted;
      },
      recvInto: (bytes, offset, length) => moved(false, socket.recvInto(bytes, offset, length), bytes, offset),
      send: (bytes, offset, length) => moved(true, socket.send(bytes, offset, length), bytes, offset),
      close: () => {
        const result = socket.close();
        seen.close(handle);
        return result;
      },
    });
  }

  #moved(watched, out, bytes) {
    if (!watched.tls && watched.sent + watched.received === 0 && bytes[0] === HANDSHAKE && (bytes[1] === TLS || bytes[1] === DTLS)) {
      this.#seen.secure(watched, null);
      if (bytes[1] === DTLS) watched.readers = null;
    }
    const connection = out && watched.tls && this.#sending;
    if (connection && !connection.watched) {
      connection.watched = watched;
      watched.tls.name = connection.name;
    }
    this.#seen.moved(watched, out, bytes);
  }

  /**
   * A function of the engine. What it returns goes to its caller before the engine is asked for
   * more.
   */
  #call(name, call) {
    const then = this.#after(name);
    if (!then) return call;
    return (args, use) => {
      let result;
      const used = call(args, (value) => {
        result = value;
        return use(value);
      });
      then(args, result);
      return used;
    };
  }

  #after(name) {
    if (name === "[constructor]context") return ([endpoint], context) => this.#modes.set(context, endpoint === "client" ? CERT_REQUIRED : 0);
    if (name === "[method]context.set-verify-mode") return ([context, mode]) => this.#modes.set(context, mode);
    if (/^\[method\]context\.connect(-datagram)?$/.test(name)) {
      const kind = name.endsWith("datagram") ? "datagram-connection" : "connection";
      return (args, result) => this.#made(kind, args, result);
    }
    if (name.endsWith("to-send")) return ([number]) => (this.#sending = this.#connections.get(number) ?? null);
    if (name.endsWith("connection.close")) return ([number]) => this.#connections.delete(number);
    if (OPERATIONS.test(name)) return ([number], result) => this.#look(number, result);
    return null;
  }

  #made(kind, [context, hostname], result) {
    if (result.tag !== "ok") return;
    const name = hostname === undefined ? null : new TextDecoder().decode(Uint8Array.from(hostname));
    this.#connections.set(result.val, { kind, context, name, watched: null });
  }

  /** Looks after an operation whether the handshake is over, or everything. */
  #look(number, { tag, val }) {
    const connection = this.#connections.get(number);
    const { watched } = connection ?? {};
    if (!watched) return;
    const { established, failure } = watched.tls;
    // Its end may wait to be sent with the program's first data.
    if (tag === "ok" && established === null && val.val !== "verify" && !this.#engine[`[method]${connection.kind}.handshaking`].call([number], Boolean)) {
      this.#seen.established(watched, { verified: this.#modes.get(connection.context) === CERT_REQUIRED, ...this.#facts(connection.kind, number) });
    }
    if (tag === "err" && failure === null) this.#seen.failed(watched, val.text, established === null ? this.#facts(connection.kind, number) : {});
  }

  #facts(kind, number) {
    // What a function returns is in the engine's memory, and only until its caller has used it.
    const ask = (what, copy = (value) => value) => this.#engine[`[method]${kind}.${what}`]?.call([number], copy) ?? null;
    return {
      version: ask("version"),
      suite: ask("cipher-suite"),
      group: ask("key-exchange-group"),
      protocol: ask("alpn-protocol", (name) => name && new TextDecoder().decode(name)),
      certificates: ask("peer-certificates", (chain) => chain.map((certificate) => certificate.slice())),
    };
  }
}

/** An object some of whose methods are others. */
function watching(object, methods) {
  return new Proxy(object, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return methods[name];
      const value = target[name];
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (target, name, value) => ((target[name] = value), true),
  });
}
