/** Where MicroPython and other files are found. */

import { isTransport } from "../transports/index.js";

const MICROPYTHON = "@micropython/micropython-webassembly-pyscript/micropython.mjs";

/** @import { TransportDescription, TransportOption } from "../transports/index.js" */

/**
 * An absolute address, which means the same in a worker. Anything else is returned unchanged.
 *
 * @template T
 * @param {T | string | URL} source
 * @returns {Exclude<T, URL> | string}
 */
export function absolute(source) {
  if (typeof source === "string" || source instanceof URL) return new URL(source, globalThis.document?.baseURI ?? globalThis.location?.href).href;
  return /** @type {Exclude<T, URL>} */ (source);
}

/**
 * The address of npm's MicroPython: by an import map or bundler where there is one, else beside
 * this package, as in node_modules and under `micropython-ssl serve`.
 */
export function defaultMicroPython() {
  try {
    return import.meta.resolve(MICROPYTHON);
  } catch {
    return besideThePackage("micropython/micropython.mjs", import.meta.url);
  }
}

/**
 * The address of a file that only a server has. Bundlers would look for the file if this were
 * written as `new URL(path, import.meta.url)`.
 *
 * @param {string} path
 * @param {string} here This file's address.
 */
function besideThePackage(path, here) {
  return `${here.slice(0, here.lastIndexOf("/web/"))}/${path}`;
}

const RELAYS = /** @type {const} */ (["wisp", "websockify", "wsproxy"]);

/**
 * A transport's description with absolute addresses. Relative ones mean something else in a worker.
 *
 * @template {TransportOption | undefined} T
 * @param {T} description
 * @returns {T}
 */
export function described(description) {
  if (!description || isTransport(description)) return description;
  const whole = /** @type {TransportDescription} */ ({ ...description });
  for (const kind of RELAYS) {
    const address = whole[kind];
    if (typeof address === "string") whole[kind] = socketAddress(address);
  }
  if (whole.module) whole.module = absolute(whole.module);
  return /** @type {T} */ (whole);
}

/**
 * The address of a relay, which may begin with http. The braces around host and port are kept.
 *
 * @param {string} text
 */
function socketAddress(text) {
  const whole = /^[a-z]+:/i.test(text) ? text : absolute(text).replaceAll("%7B", "{").replaceAll("%7D", "}");
  return whole.replace(/^http/, "ws");
}
