/** Watches the connections of npm's MicroPython; see observations.js. */

import { ETIMEDOUT } from "../net/errno.js";
import { SyncTransport } from "../net/sync_transport.js";
import { FAILED } from "../tls.js";
import { Observations } from "./observations.js";

/**
 * @import { createBridge } from "../bridge.js"
 * @import { networkModule } from "../net/python_module.js"
 * @import { TlsSocket } from "../tls.js"
 * @import { Facts, Observation, Watched } from "./observations.js"
 *
 * @typedef {ReturnType<typeof networkModule>} NetworkModule
 * @typedef {ReturnType<typeof createBridge>["functions"]} TlsModule
 * @typedef {(handle: number, address: number, length: number, ...rest: any[]) => number} Transfer
 */

const CERTIFICATES_KEPT = 10;

export class Inspector {
  #seen;
  /** @type {WeakMap<TlsSocket, Watched>} */
  #byTls = new WeakMap();
  /** @type {WeakMap<Watched, {checkHostname: boolean}>} */
  #contexts = new WeakMap();
  #memory;
  /** The server name of the connection that is being wrapped. @type {string | null} */
  #name = null;

  /**
   * @param {() => Uint8Array} memory Returns a new view of MicroPython's memory.
   * @param {(observation: Observation) => void} post
   */
  constructor(memory, post) {
    this.#memory = memory;
    this.#seen = new Observations(post);
  }

  /**
   * `_mpnet`, watched.
   *
   * @param {NetworkModule} module
   * @returns {NetworkModule}
   */
  network(module) {
    const seen = this.#seen;
    /** @param {Transfer} call @param {boolean} out @returns {Transfer} */
    const counted = (call, out) => (handle, address, length, ...rest) => {
      const count = call(handle, address, length, ...rest);
      const watched = seen.get(handle);
      if (watched && count > 0) seen.moved(watched, out, this.#memory().subarray(address, address + count));
      if (watched) seen.result(watched, count);
      return count;
    };
    return {
      ...module,
      connect: (handle, host, port) => {
        const known = seen.get(handle);
        const watched = known?.host === host && known.port === port ? known : seen.watch(handle, { host, port, incoming: false });
        const result = module.connect(handle, host, port);
        if (result === -ETIMEDOUT) watched.broken = ETIMEDOUT;
        seen.result(watched, result);
        if (result === 0) seen.connected(watched);
        else seen.changed(watched);
        return result;
      },
      accept: (handle) => {
        const accepted = module.accept(handle);
        if (accepted > 0) seen.changed(seen.watch(accepted, { host: module.peer_host(accepted), port: module.peer_port(accepted), incoming: true }));
        return accepted;
      },
      recv: counted(module.recv, false),
      send: counted(module.send, true),
      close: (handle) => {
        const result = module.close(handle);
        seen.close(handle);
        return result;
      },
    };
  }

  /**
   * `_mptls`, watched.
   *
   * @param {TlsModule} module
   * @returns {TlsModule}
   */
  tls(module) {
    /**
     * @template {any[]} Rest
     * @param {(tls: TlsSocket, ...rest: Rest) => number} call
     * @returns {(tls: TlsSocket, ...rest: Rest) => number}
     */
    const operation = (call) => (tls, ...rest) => {
      const result = call(tls, ...rest);
      this.#look(tls, result);
      return result;
    };
    return {
      ...module,
      wrap: (context, handle, python, hostname, hostnameLength, ...rest) => {
        this.#name = hostnameLength > 0 ? new TextDecoder().decode(this.#memory().slice(hostname, hostname + hostnameLength)) : null;
        const tls = module.wrap(context, handle, python, hostname, hostnameLength, ...rest);
        const watched = this.#seen.get(handle);
        if (tls && watched) {
          this.#byTls.set(tls, watched);
          this.#contexts.set(watched, context);
        }
        return tls;
      },
      handshake: operation(module.handshake),
      read: operation(module.read),
      write: operation(module.write),
    };
  }

  /**
   * A socket that becomes the transport of TLS, watched. @param {number} handle @param
   * {SyncTransport} socket
   */
  transport(handle, socket) {
    const watched = this.#seen.get(handle);
    if (!watched) return socket;
    this.#seen.secure(watched, this.#name);
    return new InspectedTransport(socket, this.#seen, watched);
  }

  /** Reports the changes. Changed counts alone are reported at intervals. */
  flush() {
    this.#seen.flush();
  }

  /** The program has ended, and with it its connections. */
  end() {
    this.#seen.end();
  }

  /**
   * Checks after an operation whether the handshake is over or the connection has failed. @param
   * {TlsSocket} tls @param {number} result
   */
  #look(tls, result) {
    const watched = this.#byTls.get(tls);
    if (!watched?.tls) return;
    if (result >= 0 && watched.tls.established === null) {
      this.#seen.established(watched, { verified: this.#contexts.get(watched)?.checkHostname ?? false, ...factsOf(tls.connection) });
    }
    if (result === FAILED && watched.tls.failure === null) {
      this.#seen.failed(watched, String(tls.failure?.message ?? ""), watched.tls.established === null ? factsOf(tls.connection) : {});
    }
  }
}

/**
 * A socket whose bytes are watched. The bytes are copied, because the engine's memory may be
 * replaced meanwhile.
 */
class InspectedTransport extends SyncTransport {
  #socket;
  #seen;
  #watched;

  /** @param {SyncTransport} socket @param {Observations} seen @param {Watched} watched */
  constructor(socket, seen, watched) {
    super();
    this.#socket = socket;
    this.#seen = seen;
    this.#watched = watched;
    this.prompt = socket.prompt;
  }

  get timeout() {
    return this.#socket.timeout;
  }

  set timeout(milliseconds) {
    this.#socket.timeout = milliseconds;
  }

  /** @param {Uint8Array} bytes @param {number} offset @param {number} length */
  recvInto(bytes, offset, length) {
    return this.#moved(false, bytes, offset, this.#socket.recvInto(bytes, offset, length));
  }

  /** @param {Uint8Array} bytes @param {number} offset @param {number} length */
  send(bytes, offset, length) {
    return this.#moved(true, bytes, offset, this.#socket.send(bytes, offset, length));
  }

  /** @param {boolean} out @param {Uint8Array} bytes @param {number} offset @param {number} count */
  #moved(out, bytes, offset, count) {
    if (count > 0) this.#seen.moved(this.#watched, out, bytes.subarray(offset, offset + count));
    this.#seen.result(this.#watched, count);
    return count;
  }
}

/** @param {TlsSocket["connection"]} connection @returns {Facts} */
function factsOf(connection) {
  if (!connection) return {};
  const certificates = Array.from({ length: CERTIFICATES_KEPT }, (_, i) => connection.peerCertificate(i)).filter((certificate) => certificate !== undefined);
  return {
    version: connection.version() ?? null,
    suite: connection.cipherSuite() ?? null,
    group: connection.keyExchangeGroup() ?? null,
    protocol: connection.alpnProtocol() ?? null,
    certificates,
  };
}
