/** Where MicroPython and other files are found. */

import { isTransport } from "../transports/index.js";

const MICROPYTHON = "@micropython/micropython-webassembly-pyscript/micropython.mjs";

/** @import { TransportDescription, TransportOption } from "../transports/index.js" */

/**
 * A whole address, which means the same in a worker; anything else as it is.
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
 * MicroPython by import map or bundler if there is one, else where a neighbour in node_modules or
 * `micropython-ssl serve` has it.
 */
export function defaultMicroPython() {
  try {
    return import.meta.resolve(MICROPYTHON);
  } catch {
    return besideThePackage("micropython/micropython.mjs", import.meta.url);
  }
}

/**
 * The address of a file that only servers have. As `new URL(path, import.meta.url)` bundlers would
 * look for it.
 *
 * @param {string} path
 * @param {string} here This file's address.
 */
function besideThePackage(path, here) {
  return `${here.slice(0, here.lastIndexOf("/web/"))}/${path}`;
}

const RELAYS = /** @type {const} */ (["wisp", "websockify", "wsproxy"]);

/**
 * A transport's description with whole addresses, because those of a page and its workers are
 * relative to other things.
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
 * The address of a relay, which may be one of http. Braces stay what they are: places for host and
 * port.
 *
 * @param {string} text
 */
function socketAddress(text) {
  const whole = /^[a-z]+:/i.test(text) ? text : absolute(text).replaceAll("%7B", "{").replaceAll("%7D", "}");
  return whole.replace(/^http/, "ws");
}
