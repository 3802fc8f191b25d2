/**
 * What a client may be connected to. A target is parsed and normalised once; the same text is
 * matched, looked up and written to the log, so that no two parts of the relay can read it
 * differently.
 */

import ipaddr from "ipaddr.js";
import { splitPattern } from "../web/transports/patterns.js";

const LONGEST_NAME = 253;
const LABEL = /^[a-z0-9_-]{1,63}$/;
/** Names that resolvers read as IPv4 addresses: "127.1", "0x7f.1", "2130706433". */
const ENDS_IN_NUMBER = /(^|\.)(\d+|0x[0-9a-f]*)$/;
/** The part of IPv6 that is handed out for the public internet (RFC 4291). */
const GLOBAL_V6 = ipaddr.parseCIDR("2000::/3");

/**
 * @typedef {object} Target
 * @property {string | null} name A name to look up, in lower case and without the last dot; null
 *   for an address.
 * @property {Address | null} address
 * @property {number} port
 * @property {string} text "host:port", with IPv6 in brackets: for logs and messages.
 *
 * @typedef {import("ipaddr.js").IPv4 | import("ipaddr.js").IPv6} Address
 */

/**
 * @param {string} host As a client wrote it.
 * @param {number} port
 * @returns {Target | null} null for what is neither an address without a zone nor a name of labels,
 *   and for port 0.
 */
export function parseTarget(host, port) {
  if (!Number.isInteger(port) || port < 1 || port > 65535) return null;
  const address = parseAddress(host.replace(/^\[(.*)\]$/, "$1"));
  if (address) return { name: null, address, port, text: `${bracketed(address)}:${port}` };
  const name = parseName(host);
  return name === null ? null : { name, address: null, port, text: `${name}:${port}` };
}

/**
 * @param {string} text
 * @returns {Address | null} An IPv4 address that IPv6 only wraps ("::ffff:1.2.3.4") is that IPv4
 *   address.
 */
export function parseAddress(text) {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (!text.includes(":") || text.includes("%") || !ipaddr.IPv6.isValid(text)) return null;
  return ipaddr.process(text);
}

/** Whether an address is none of the public internet. @param {Address} address */
function isSpecial(address) {
  return networkOf(address) !== "unicast";
}

/** An address range, as in "10.0.0.0/8", or one address. */
export class Range {
  #first;
  #bits;
  /** The special network that the whole range lies in; undefined where it is public or wider. */
  #network;

  /** @param {string} text @throws {RangeError} */
  constructor(text) {
    const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
    const address = match && parseAddress(match[1]);
    if (!address) throw new RangeError(`not an address or a range of addresses: ${text}`);
    const wrapped = address.kind() === "ipv4" && match[1].includes(":") ? 96 : 0;
    const most = address.toByteArray().length * 8;
    this.#bits = match[2] === undefined ? most : Number(match[2]) - wrapped;
    if (this.#bits < 0 || this.#bits > most) throw new RangeError(`not a range of addresses: ${text}`);
    const ends = [0, 255].map((fill) => ipaddr.fromByteArray(address.toByteArray().map((byte, i) => edge(byte, fill, this.#bits - 8 * i))));
    this.#first = ends[0];
    const [network, other] = ends.map(networkOf);
    if (network === other && network !== "unicast") this.#network = network;
  }

  /** @param {Address} address */
  contains(address) {
    return address.kind() === this.#first.kind() && address.match(this.#first, this.#bits);
  }

  /**
   * Whether the range names the special network that an address belongs to: a range that is wider
   * than it does not.
   *
   * @param {Address} address
   */
  names(address) {
    return this.#network === networkOf(address);
  }
}

/** The targets that a relay's user allowed. */
export class Targets {
  #patterns;

  /**
   * @param {string[]} patterns "host:port" each. The host is a name, "*.example.com", "*", an
   *   address or a range as "10.0.0.0/8", IPv6 in brackets; the port is a number, a range as
   *   "8000-8999", or "*". Private and other special addresses are reached only by an address or a
   *   range that lies within their network, and this machine also by the name localhost.
   * @throws {RangeError} Names the pattern that is wrong.
   */
  constructor(patterns) {
    this.#patterns = patterns.map(parsePattern);
  }

  /** Whether nothing at all is allowed. */
  get empty() {
    return this.#patterns.length === 0;
  }

  /** Whether any port of a host of this name may be reached. @param {string} text */
  knows(text) {
    const name = parseName(text);
    return name !== null && this.#patterns.some(({ isHost }) => isHost({ name, address: null, port: 0, text: "" }));
  }

  /**
   * Whether a connection may be tried; if it is to a name, then only to the addresses that
   * `reaches` allows. @param {Target} target
   */
  allows(target) {
    return target.address ? this.reaches(target, target.address) : this.#patterns.some((pattern) => pattern.matches(target));
  }

  /**
   * Whether a target may be reached at an address.
   *
   * @param {Target} target What the client asked for.
   * @param {Address} address What it resolved to.
   */
  reaches(target, address) {
    return this.#patterns.some((pattern) => pattern.matches(target) && (!isSpecial(address) || pattern.names(address)));
  }
}

/** @param {string} text */
function parsePattern(text) {
  const { host, isPort } = splitPattern(text);
  const { isHost, names } = parseHost(host, text);
  return { matches: (/** @type {Target} */ target) => isPort(target.port) && isHost(target), isHost, names };
}

/**
 * @param {string} host
 * @param {string} text The whole pattern, for messages.
 * @returns {{isHost: (target: Target) => boolean, names: (address: Address) => boolean}}
 */
function parseHost(host, text) {
  const names = () => false;
  if (host === "*") return { isHost: () => true, names };
  if (host.includes("/") || parseAddress(host)) {
    const range = rangeOf(host, text);
    return {
      isHost: ({ address }) => address !== null && range.contains(address),
      names: (address) => range.names(address),
    };
  }
  const suffix = host.startsWith("*.") ? parseName(host.slice(2)) : null;
  if (suffix) return { isHost: ({ name }) => name !== null && name.endsWith(`.${suffix}`), names };
  if (host.includes("*")) throw new RangeError(`a * can only stand for whole labels at the beginning: ${text}`);
  const wanted = parseName(host);
  if (wanted === null) throw new RangeError(`not the name of a host: ${text}`);
  return {
    isHost: ({ name }) => name === wanted,
    names: (address) => wanted === "localhost" && networkOf(address) === "loopback",
  };
}

/** @param {string} host @param {string} text */
function rangeOf(host, text) {
  try {
    return new Range(host);
  } catch {
    throw new RangeError(`not a range of addresses: ${text}`);
  }
}

/** @param {string} text */
function parseName(text) {
  const name = text.toLowerCase().replace(/\.$/, "");
  if (name.length > LONGEST_NAME || ENDS_IN_NUMBER.test(name)) return null;
  return name.split(".").every((label) => LABEL.test(label)) ? name : null;
}

/**
 * What ipaddr.js calls the network of an address; "unicast" is the public internet.
 *
 * @param {Address} address
 */
function networkOf(address) {
  const network = address.range();
  if (network === "unicast" && address.kind() === "ipv6" && !address.match(GLOBAL_V6)) return "reserved";
  return network;
}

/**
 * A byte of the first or the last address of a range: the bits behind the prefix are all 0 or all
 * 1.
 *
 * @param {number} byte
 * @param {number} fill
 * @param {number} bits
 */
function edge(byte, fill, bits) {
  const free = 0xff >> Math.min(Math.max(bits, 0), 8);
  return (byte & ~free) | (fill & free);
}

/** @param {Address} address */
function bracketed(address) {
  return address.kind() === "ipv6" ? `[${address}]` : String(address);
}
