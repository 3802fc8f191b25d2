/** Converts addresses between wasi:sockets and the network channel, which has them as text. */

import { AF_INET, AF_INET6 } from "../net/network.js";

/** @typedef {{tag: "ipv4" | "ipv6", val: number[]}} IpAddress */

/** @type {Record<number, string>} */
const UNSPECIFIED = { [AF_INET]: "0.0.0.0", [AF_INET6]: "::" };

/**
 * @param {"ipv4" | "ipv6"} name
 * @returns {number} The address family with this name in wasi:sockets.
 */
export function familyOf(name) {
  return name === "ipv6" ? AF_INET6 : AF_INET;
}

/**
 * @param {{tag: "ipv4" | "ipv6", val: {port: number, address: number[]}}} address
 * @returns {{host: string, port: number}}
 */
export function fromSocketAddress({ tag, val: { port, address } }) {
  return { host: tag === "ipv4" ? address.join(".") : `${address.map((group) => group.toString(16)).join(":")}`, port };
}

/**
 * @param {string} host A numeric address; "" is the unspecified address.
 * @param {number} port
 * @param {number} family
 */
export function toSocketAddress(host, port, family) {
  const { tag, val: address } = toIpAddress(host || UNSPECIFIED[family]);
  return tag === "ipv4" ? { tag, val: { port, address } } : { tag, val: { port, flowInfo: 0, address, scopeId: 0 } };
}

/**
 * @param {string} text @returns {IpAddress | null} null for text that is not an address.
 */
export function parseIpAddress(text) {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const numbers = text.split(".").map(Number);
    return numbers.every((number) => number < 256) ? { tag: "ipv4", val: numbers } : null;
  }
  return text.includes(":") ? parseIpv6(text.replace(/%.*/, "")) : null;
}

/** @param {string} text */
function toIpAddress(text) {
  const address = parseIpAddress(text);
  if (!address) throw new TypeError(`${text} is no address`);
  return address;
}

/** @param {string} text @returns {IpAddress | null} */
function parseIpv6(text) {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (dotted) {
    const [a, b, c, d] = dotted.slice(2).map(Number);
    text = `${dotted[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  }
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 0) return null;
  const groups = [...head, ...Array(missing).fill("0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return { tag: "ipv6", val: groups.map((group) => parseInt(group, 16)) };
}
