/**
 * An interpreter for PyScript: MicroPython with sockets and TLS, by one line of its configuration,
 *
 *     "interpreter": "/micropython-ssl/web/pyscript.mjs?wisp=wss://relay.example/"
 *
 * for <script type="mpy"> on the main thread, where nothing blocks, and in workers, which block
 * where the page is isolated. The query describes the transport (`wisp`, `websockify`, `wsproxy` or
 * `module`, with addresses relative to the page); `micropython` is the address of micropython.mjs
 * and `roots` that of Mozilla's root certificates, where they are elsewhere.
 */

import { installMicroPython } from "./browser/install.js";
import { defaultMicroPython } from "./browser/sources.js";

/** @import { TransportDescription } from "./transports/index.js" */

const RELAYS = ["wisp", "websockify", "wsproxy"];
const HEAP = 4 * 1024 * 1024;
/** Words of the stack for Python's calls. */
const PYTHON_STACK = 16 * 1024;

/**
 * What PyScript calls, as it would that of micropython.mjs.
 *
 * @param {object} options Of the original.
 */
export async function loadMicroPython(options) {
  const query = new URL(import.meta.url).searchParams;
  const micropython = query.get("micropython");
  const roots = query.get("roots");
  const address = micropython ? inPage(micropython) : defaultMicroPython();
  const original = await import(/* @vite-ignore */ address);
  const url = new URL("micropython.wasm", address).href;
  const mp = await original.loadMicroPython({ heapsize: HEAP, pystack: PYTHON_STACK, ...options, url });
  await installMicroPython(mp, {
    mode: mayHaveWorkers() ? "auto" : "async",
    transport: transportOf(query),
    roots: roots ? inPage(roots) : new URL("../dist/roots.pem", import.meta.url),
  });
  return mp;
}

/** @param {URLSearchParams} query */
function transportOf(query) {
  /** @type {Record<string, string>} */
  const description = {};
  for (const [name, value] of query) {
    if (RELAYS.includes(name)) description[name] = socketAddress(value);
    else if (name === "module") description.module = inPage(value);
    else if (name !== "micropython" && name !== "roots") throw new TypeError(`micropython-ssl does not know ${name} in ${import.meta.url}`);
  }
  return Object.keys(description).length > 0 ? /** @type {TransportDescription} */ (description) : null;
}

/**
 * The address of a relay, which may be relative and of http. Braces stay what they are: places for
 * host and port. @param {string} text
 */
function socketAddress(text) {
  return inPage(text).replace(/^http/, "ws").replaceAll("%7B", "{").replaceAll("%7D", "}");
}

/** A worker's own address is no help: PyScript makes it of a blob. @param {string} text */
function inPage(text) {
  const page = globalThis.document?.baseURI ?? globalThis.location.origin;
  return new URL(text, page === "null" ? import.meta.url : page).href;
}

/** Workers have to come from the page's own host. */
function mayHaveWorkers() {
  return new URL(import.meta.url).origin === globalThis.location.origin;
}
