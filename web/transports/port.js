/** A transport at the other end of a message port: for threads that share no memory. */

import { TransportError, asTransportError, throwIfAborted } from "./errors.js";

/** Methods of what a transport opens, by the method that opens it. */
const OPENS = { connect: ["read", "write"], listen: ["accept"], accept: ["read", "write"], datagram: ["send", "receive"] };

/**
 * Serves a transport to whoever has the other end of the port.
 *
 * @param {import("./index.js").Transport} transport
 * @param {MessagePort} port
 * @returns {() => void} Ends it and what was opened through it, but not the transport.
 */
export function serveTransport(transport, port) {
  const objects = new Map([[0, transport]]);
  const aborts = new Map();
  let last = 0;
  let ended = false;

  async function call({ id, object, method, args }) {
    const abort = new AbortController();
    aborts.set(id, abort);
    try {
      const target = objects.get(object);
      if (typeof target?.[method] !== "function") throw new TransportError("EOPNOTSUPP", `this transport cannot ${method}`);
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

  function answer(message, result) {
    const bytes = result instanceof Uint8Array ? result : result?.bytes;
    // What is a part of something larger is copied, the rest is handed over.
    const whole = bytes && bytes.byteLength === bytes.buffer.byteLength;
    port.postMessage(message, whole ? [bytes.buffer] : []);
  }

  port.onmessage = ({ data }) => {
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

/**
 * The transport at the other end.
 *
 * @param {MessagePort} port
 * @returns {import("./index.js").Transport}
 */
export function portTransport(port) {
  const pending = new Map();
  let last = 0;
  port.onmessage = ({ data }) => {
    const { resolve, reject } = pending.get(data.id) ?? {};
    pending.delete(data.id);
    if (data.error) reject?.(new TransportError(data.error.code, data.error.message));
    else resolve?.(data);
  };

  function call(object, method, args, signal) {
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      const id = ++last;
      pending.set(id, { resolve, reject });
      signal?.addEventListener("abort", () => port.postMessage({ op: "abort", id }), { once: true });
      port.postMessage({ op: "call", id, object, method, args });
    });
  }

  async function open(object, method, { signal, ...options } = {}) {
    const opened = await call(object, method, [{ ...options, signal: signal && true }], signal);
    return opened.object === undefined ? null : remote(opened, method);
  }

  function remote({ object, peer, address }, openedBy) {
    const methods = OPENS[openedBy].map((method) => [
      method, method in OPENS ? () => open(object, method) : async (...args) => (await call(object, method, args)).result,
    ]);
    return { ...Object.fromEntries(methods), peer, address, close: () => port.postMessage({ op: "close", object }) };
  }

  return {
    connect: (target) => open(0, "connect", target),
    listen: (options) => open(0, "listen", options),
    datagram: (options) => open(0, "datagram", options),
    open: async ({ signal } = {}) => void (await call(0, "open", [{ signal: signal && true }], signal)),
    close: () => port.close(),
  };
}
