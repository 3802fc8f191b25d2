/** Where MicroPython and other files are found. */

import { isTransport } from "../transports/index.js";

const MICROPYTHON = "@micropython/micropython-webassembly-pyscript/micropython.mjs";

/** An address as a worker understands it, whose own is another one; anything else as it is. */
export function absolute(url) {
  return typeof url === "string" || url instanceof URL ? new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href : url;
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

const RELAYS = ["wisp", "websockify", "wsproxy"];

/**
 * A transport's description with whole addresses, because those of a page and its workers are
 * relative to other things.
 *
 * @param
 *   {import("../transports/index.js").Transport | import("../transports/index.js").TransportDescription |
 *   null} [description]
 */
export function described(description) {
  if (!description || isTransport(description)) return description;
  const whole = { ...description };
  for (const kind of RELAYS) if (typeof whole[kind] === "string") whole[kind] = socketAddress(whole[kind]);
  if (whole.module) whole.module = absolute(whole.module);
  return whole;
}

/**
 * The address of a relay, which may be one of http. Braces stay what they are: places for host and
 * port.
 */
function socketAddress(text) {
  const whole = /^[a-z]+:/i.test(text) ? text : absolute(text).replaceAll("%7B", "{").replaceAll("%7D", "}");
  return whole.replace(/^http/, "ws");
}
