/**
 * Transports: how bytes get from a page to the network and back. A transport sees only what a relay may see, which with TLS is ciphertext.
 *
 * Anything with these methods is a transport. All of them may be called at any time and run side by side. Failures are errors whose
 * `code` is the name of an errno ("ECONNREFUSED"); a program gets OSError with its number.
 *
 * @typedef {object} Transport
 * @property {(target: {host: string, port: number, signal?: AbortSignal}) => Promise<Connection>} connect Opens a TCP connection.
 * @property {(options: {host?: string, port?: number, backlog?: number}) => Promise<Listener>} [listen] Waits for TCP connections;
 *   port 0 takes a free one.
 * @property {(options: {host?: string, port?: number}) => Promise<DatagramSocket>} [datagram] Opens a UDP socket.
 * @property {(options: {signal?: AbortSignal}) => Promise<void>} [open] Looks that the network can be reached.
 * @property {() => void} close Ends everything that was opened; nothing can be opened afterwards.
 *
 * @typedef {object} Connection
 * @property {() => Promise<Uint8Array | null>} read Bytes that came, at least one, the caller's from now on; null at the end. What is
 *   not read makes the sender wait where the transport can do that. One call at a time.
 * @property {(bytes: Uint8Array) => Promise<void>} write Sends bytes, which must stay as they are until it resolves; that is when more
 *   is welcome, not when they arrived. One call at a time.
 * @property {() => void} close Sends the end of the stream after what was written and frees the connection.
 * @property {Address} [peer] The other end, where it is known.
 *
 * @typedef {object} Listener
 * @property {Address} address Where it listens.
 * @property {() => Promise<Connection | null>} accept The next connection; null when it was closed.
 * @property {() => void} close
 *
 * @typedef {object} DatagramSocket
 * @property {Address} address
 * @property {(bytes: Uint8Array, to: Address) => Promise<void>} send
 * @property {() => Promise<{bytes: Uint8Array, host: string, port: number} | null>} receive The next datagram; null when it was closed.
 * @property {() => void} close
 *
 * @typedef {{host: string, port: number}} Address
 */

import { TransportError } from "./errors.js";
import { loopback } from "./loopback.js";
import { inPage } from "./in_page.js";
import { websockify, wsproxy } from "./tunnel.js";
import { wisp } from "./wisp.js";

export { TransportError } from "./errors.js";
export { loopback } from "./loopback.js";
export { inPage } from "./in_page.js";
export { streams } from "./streams.js";
export { websockify, wsproxy } from "./tunnel.js";
export { wisp } from "./wisp.js";

const KINDS = {
  wisp: (url, options) => wisp({ url, ...options }),
  websockify: (url, options) => websockify({ url, ...options }),
  wsproxy: (url, options) => wsproxy({ url, ...options }),
};

/**
 * The transport of a description, which can cross from a page to its workers. 127.0.0.1 is a network inside the page: what listens
 * there is found first, everything else goes to the relay.
 *
 * @param {Transport | TransportDescription | null} [description]
 * @returns {Promise<Transport>}
 *
 * @typedef {object} TransportDescription One of `wisp`, `websockify`, `wsproxy` and `module`, and options of that transport.
 * @property {string} [wisp] Address of a Wisp relay.
 * @property {string} [websockify] Address of a websockify relay, with `{host}` and `{port}` or `{token}`.
 * @property {string} [wsproxy] Address of a wsproxy relay.
 * @property {string} [module] Address of a JavaScript module whose default export makes a transport from this description.
 */
export async function createTransport(description) {
  if (typeof description?.connect === "function") return description;
  return inPage(loopback(), description ? await createRelay(description) : null);
}

async function createRelay({ module, ...description }) {
  if (module !== undefined) {
    const { default: create } = await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ module);
    return create(description);
  }
  const kinds = Object.keys(KINDS).filter((kind) => description[kind] !== undefined);
  if (kinds.length !== 1) {
    const given = Object.keys(description).join(", ") || "nothing";
    throw new TransportError("EINVAL", `a transport is described by one of ${Object.keys(KINDS).join(", ")} and module; got ${given}`);
  }
  const [kind] = kinds;
  const { [kind]: url, ...options } = description;
  return KINDS[kind](url, options);
}
