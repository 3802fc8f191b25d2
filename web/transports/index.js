/** The transports of this package, and how one is made from a description. */

import { AllowedTransport } from "./allowed.js";
import { TransportError } from "./errors.js";
import { loopback } from "./loopback.js";
import { inPage } from "./in_page.js";
import { websockify, wsproxy } from "./tunnel.js";
import { Transport, asTransport } from "./transport.js";
import { wisp } from "./wisp.js";

/**
 * @import { WebSocketOptions } from "./websocket.js"
 * @import { TransportLike } from "./transport.js"
 *
 * @typedef {object} RelayDescription One of wisp, websockify, wsproxy and module, with options of
 *   that transport.
 * @property {string} [wisp] Address of a Wisp relay.
 * @property {string} [websockify] Address of a websockify relay, with `{host}` and `{port}` or
 *   `{token}`.
 * @property {string} [wsproxy] Address of a wsproxy relay.
 * @property {string} [module] Address of a JavaScript module whose default export makes a transport
 *   from this description.
 * @property {string[]} [allow] The targets that may be reached, "host:port" each; all by default.
 * @property {Record<string, string>} [tokens] Of websockify: the token of each "host:port".
 *
 * @typedef {(RelayDescription & WebSocketOptions) | {module: string, allow?: string[], [option:
 *   string]: unknown}} TransportDescription A module has options of its own.
 * @typedef {Transport | TransportLike | TransportDescription | null} TransportOption
 */

export { Transport } from "./transport.js";
export { TransportError } from "./errors.js";
export { loopback } from "./loopback.js";
export { inPage } from "./in_page.js";
export { streams } from "./streams.js";
export { websockify, wsproxy } from "./tunnel.js";
export { wisp } from "./wisp.js";

/**
 * @type {Record<"wisp" | "websockify" | "wsproxy", (url: string, options: WebSocketOptions) =>
 *   Transport>}
 */
const KINDS = {
  wisp: (url, options) => wisp({ url, ...options }),
  websockify: (url, options) => websockify({ url, ...options }),
  wsproxy: (url, options) => wsproxy({ url, ...options }),
};

/**
 * Makes the transport of a description. A description can be sent from a page to its workers.
 * 127.0.0.1 is a network inside the page: programs that listen there are found first, and every
 * other target goes to the relay. A transport of the user's own is used as it is.
 *
 * @param {TransportOption} [description]
 * @returns {Promise<Transport>}
 * @throws {TypeError} for an object that is no transport; it names the method that is missing.
 */
export async function createTransport(description) {
  if (isTransport(description)) return asTransport(description);
  if (!description) return inPage(loopback(), null);
  const { allow, ...relay } = description;
  if (allow !== undefined && !Array.isArray(allow)) throw new TypeError("allow is a list of targets, such as example.com:443");
  const transport = await createRelay(relay);
  return inPage(loopback(), allow ? new AllowedTransport(transport, allow) : transport);
}

/**
 * Whether this is a transport, and not a description of one.
 *
 * @param {unknown} given
 * @returns {given is Transport | TransportLike}
 */
export function isTransport(given) {
  if (typeof given !== "object" || given === null) return false;
  return given instanceof Transport || METHODS.some((name) => typeof Reflect.get(given, name) === "function");
}

const METHODS = ["connect", "listen", "datagram", "close"];

/** @param {TransportDescription} description @returns {Promise<Transport>} */
async function createRelay({ module, ...description }) {
  if (module !== undefined) {
    const { default: create } = await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ module);
    return asTransport(await create(description));
  }
  const kinds = /** @type {(keyof typeof KINDS)[]} */ (Object.keys(KINDS)).filter((kind) => description[kind] !== undefined);
  if (kinds.length !== 1) {
    const given = Object.keys(description).join(", ") || "nothing";
    throw new TransportError("EINVAL", `a transport is described by one of ${Object.keys(KINDS).join(", ")} and module; got ${given}`);
  }
  const [kind] = kinds;
  const { [kind]: url, ...options } = description;
  return KINDS[kind](String(url), /** @type {WebSocketOptions} */ (options));
}
