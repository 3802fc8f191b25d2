/** A transport at the other end of a message port: for threads that share no memory. */

import { TransportError, asTransportError, throwIfAborted } from "./errors.js";
import { Transport } from "./transport.js";

/**
 * @import { Address, DatagramOptions, DatagramSocket, Connection, ListenOptions, Listener, Target } from "./transport.js"
 *
 * @typedef {{id: number, object: number, method: string, args: any[]}} Call A call of a method of
 *   the transport, which is object 0, or of an object that it opened.
 * @typedef {{op: "abort", id: number} | {op: "close", object: number} | ({op: "call"} & Call)}
 *   Request
 *
 * @typedef {object} Answer The answer to a call.
 * @property {number} id
 * @property {any} [result]
 * @property {number} [object] The number of the object that was opened. Its addresses follow.
 * @property {Address} [peer]
 * @property {Address} [address]
 * @property {{code: string, message: string}} [error]
 */

/**
 * The methods of the objects that a transport opens, by the method that opens them.
 *
 * @type {Record<string, string[]>}
 */
const OPENS = { connect: ["read", "write"], listen: ["accept"], accept: ["read", "write"], datagram: ["send", "receive"] };

/**
 * Serves a transport to the other end of the port.
 *
 * @param {Transport} transport
 * @param {MessagePort} port
 * @returns {() => void} Ends the service and all that was opened through it, but not the transport.
 */
export function serveTransport(transport, port) {
  /** @type {Map<number, Record<string, any>>} */
  const objects = new Map([[0, transport]]);
  /** @type {Map<number, AbortController>} */
  const aborts = new Map();
  let last = 0;
  let ended = false;

  /** @param {Call} request */
  async function call({ id, object, method, args }) {
    const abort = new AbortController();
    aborts.set(id, abort);
    try {
      const target = objects.get(object);
      if (!target || typeof target[method] !== "function") throw new TransportError("EOPNOTSUPP", `this transport cannot ${method}`);
      if (args[0]?.signal !== undefined) args[0] = { ...args[0], signal: abort.signal };
      const result = await target[method](...args);
      if (!(method in OPENS) || result === null) return answer({ id, result }, result);
      if (ended) return result.close();
      objects.set(++last, result);
      answer({ id, object: last, peer: result.peer, address: result.address });
    } catch (error) {
      const { code, message } = asTransportError(error);
      answer({ id, error: { code, message } });
    } finally {
      aborts.delete(id);
    }
  }

  /** @param {Answer} message @param {any} [result] */
  function answer(message, result) {
    const bytes = result instanceof Uint8Array ? result : result?.bytes;
    // Bytes that are a part of a larger buffer are copied. Others are transferred.
    const whole = bytes && bytes.byteLength === bytes.buffer.byteLength;
    port.postMessage(message, whole ? [bytes.buffer] : []);
  }

  port.onmessage = (/** @type {MessageEvent<Request>} */ { data }) => {
    if (data.op === "call") call(data);
    else if (data.op === "abort") aborts.get(data.id)?.abort();
    else if (data.op === "close") {
      objects.get(data.object)?.close();
      objects.delete(data.object);
    }
  };
  return () => {
    ended = true;
    port.close();
    for (const abort of aborts.values()) abort.abort();
    objects.delete(0);
    for (const object of objects.values()) object.close();
    objects.clear();
  };
}

/** The transport at the other end. */
export class PortTransport extends Transport {
  #port;
  /** @type {Map<number, {resolve: (answer: Answer) => void, reject: (error: Error) => void}>} */
  #pending = new Map();
  #last = 0;

  /** @param {MessagePort} port */
  constructor(port) {
    super();
    this.#port = port;
    port.onmessage = (/** @type {MessageEvent<Answer>} */ { data }) => {
      const { resolve, reject } = this.#pending.get(data.id) ?? {};
      this.#pending.delete(data.id);
      if (data.error) reject?.(new TransportError(data.error.code, data.error.message));
      else resolve?.(data);
    };
  }

  get udp() {
    return true; // only the other end knows
  }

  /** @param {Target} target @returns {Promise<Connection>} */
  connect(target) {
    return this.#open(0, "connect", { ...target });
  }

  /** @param {ListenOptions} options @returns {Promise<Listener>} */
  listen(options) {
    return this.#open(0, "listen", { ...options });
  }

  /** @param {DatagramOptions} [options] @returns {Promise<DatagramSocket>} */
  datagram(options) {
    return this.#open(0, "datagram", { ...options });
  }

  /** @param {{signal?: AbortSignal}} [options] */
  async open({ signal } = {}) {
    await this.#call(0, "open", [{ signal: signal && true }], signal);
  }

  close() {
    this.#port.close();
  }

  /**
   * @param {number} object
   * @param {string} method
   * @param {any[]} args
   * @param {AbortSignal} [signal]
   * @returns {Promise<Answer>}
   */
  #call(object, method, args, signal) {
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      const id = ++this.#last;
      this.#pending.set(id, { resolve, reject });
      signal?.addEventListener("abort", () => this.#port.postMessage({ op: "abort", id }), { once: true });
      this.#port.postMessage({ op: "call", id, object, method, args });
    });
  }

  /**
   * Calls a method that opens something.
   *
   * @param {number} object
   * @param {string} method
   * @param {{signal?: AbortSignal} & Record<string, unknown>} [options]
   * @returns {Promise<any>} An object with the methods of OPENS; null where the method returned
   *   null.
   */
  async #open(object, method, { signal, ...options } = {}) {
    const opened = await this.#call(object, method, [{ ...options, signal: signal && true }], signal);
    return opened.object === undefined ? null : this.#remote(opened, opened.object, method);
  }

  /** @param {Answer} answer @param {number} object @param {string} openedBy */
  #remote({ peer, address }, object, openedBy) {
    const methods = OPENS[openedBy].map((method) => [
      method,
      method in OPENS
        ? () => this.#open(object, method)
        : async (/** @type {any[]} */ ...args) => (await this.#call(object, method, args)).result,
    ]);
    return { ...Object.fromEntries(methods), peer, address, close: () => this.#port.postMessage({ op: "close", object }) };
  }
}
