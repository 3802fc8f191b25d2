/** Which targets a relay may connect to: patterns that its user gave, and never the relay's own network unless a pattern names it. */

import { BlockList, isIP } from "node:net";

/** IPv4 that is not the public internet: RFC 6890's special-purpose addresses, multicast, reserved. */
const SPECIAL_V4 = blockList([
  "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
  "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
]);
/** The part of IPv6 that is handed out for the public internet (RFC 4291), and what in it is not: Teredo, documentation, 6to4. */
const GLOBAL_V6 = blockList(["2000::/3"]);
const SPECIAL_V6 = blockList(["2001::/23", "2001:db8::/32", "2002::/16"]);

/** Whether an address belongs to a private or otherwise special network. */
export function isPrivate(address) {
  if (isIP(address) === 6) return !contains(GLOBAL_V6, address) || contains(SPECIAL_V6, address);
  return contains(SPECIAL_V4, address);
}

export class Targets {
  #patterns;

  /**
   * @param {string[]} patterns "host:port" each. The host is a name, "*.example.com", "*", an address or a range as "10.0.0.0/8",
   *   IPv6 in brackets; the port is a number, a range as "8000-8999", or "*". A name never leads to a private address, unless it is
   *   localhost; an address or a range does.
   * @throws {RangeError} Names the pattern that is wrong.
   */
  constructor(patterns) {
    this.#patterns = patterns.map(parsePattern);
  }

  /** Whether a connection to this name or address may be tried; if so, connect only to what `reaches` allows. */
  allows(host, port) {
    return isIP(host) ? this.reaches(host, port, host) : this.#matching(host, port).length > 0;
  }

  /**
   * Whether a name may lead to an address.
   *
   * @param {string} host What the client asked for.
   * @param {number} port
   * @param {string} address What it resolved to.
   */
  reaches(host, port, address) {
    return this.#matching(host, port).some((pattern) => !isPrivate(address) || pattern.mayBePrivate);
  }

  #matching(host, port) {
    const name = host.toLowerCase().replace(/\.$/, "");
    return this.#patterns.filter((pattern) => pattern.port(port) && pattern.host(name));
  }
}

function parsePattern(text) {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\*|\d+(?:-\d+)?)$/.exec(text);
  if (!match) throw new RangeError(`not a target: ${text} (expected host:port, as in *.example.com:443)`);
  const host = (match[1] ?? match[2]).toLowerCase();
  return { port: portMatcher(match[3], text), ...hostMatcher(host, text) };
}

function portMatcher(ports, text) {
  if (ports === "*") return () => true;
  const [from, to = from] = ports.split("-").map(Number);
  if (from < 1 || to > 65535 || from > to) throw new RangeError(`not a port: ${text}`);
  return (port) => port >= from && port <= to;
}

function hostMatcher(host, text) {
  if (host === "*") return { host: () => true, mayBePrivate: false };
  if (host.includes("/") || isIP(host)) {
    let range;
    try {
      range = blockList([host]);
    } catch {
      throw new RangeError(`not a range of addresses: ${text}`);
    }
    return { host: (name) => isIP(name) !== 0 && contains(range, name), mayBePrivate: true };
  }
  if (host.startsWith("*.")) return { host: (name) => name.endsWith(host.slice(1)), mayBePrivate: false };
  if (host.includes("*")) throw new RangeError(`a * can only stand for whole labels at the beginning: ${text}`);
  return { host: (name) => name === host, mayBePrivate: host === "localhost" };
}

function blockList(ranges) {
  const list = new BlockList();
  for (const range of ranges) {
    const [address, prefix] = range.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function contains(list, address) {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? "ipv6" : "ipv4");
}
