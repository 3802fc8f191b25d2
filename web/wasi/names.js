/**
 * wasi:sockets/ip-name-lookup. Some networks do not resolve names: in a page the relay does it when
 * it connects. Programs then get an address that stands for the name. Where a program uses the
 * address, the name replaces it again.
 */

import { AF_INET, AF_INET6 } from "../net/network.js";
import { EACCES, EINTR } from "../net/errno.js";
import { parseIpAddress } from "./addresses.js";
import { codeOf } from "./socket_errors.js";

/**
 * @import { LookupAddress } from "../net/network.js"
 * @import { IpAddress } from "./addresses.js"
 */

/**
 * The range of IPv4 addresses that stand for names: 198.18.0.0/15, which no host of the internet
 * has (RFC 2544).
 */
const FIRST = [198, 18, 0, 1];
const MOST = 2 * 65536 - 2;
const PREFIX_OF_IPV6 = "fd00:6d70:7373:6c::"; // a unique local prefix (RFC 4193)

/** The names that addresses stand for. */
export class Names {
  /** @type {Map<string, number>} */
  #numbers = new Map();
  /** @type {Map<string, string>} */
  #names = new Map();

  /**
   * The numeric address of a host: its own, or one that stands for its name.
   *
   * @param {string} host
   * @param {number} family
   */
  addressOf(host, family) {
    if (host === "" || parseIpAddress(host)) return host;
    let number = this.#numbers.get(host);
    if (number === undefined) {
      number = this.#numbers.size % MOST;
      this.#numbers.set(host, number);
      for (const each of [AF_INET, AF_INET6]) this.#names.set(addressOfNumber(number, each), host);
    }
    return addressOfNumber(number, family);
  }

  /** @param {{host: string, port: number}} address */
  hostOf({ host, port }) {
    return { host: this.#names.get(host) ?? host, port };
  }
}

/** In the form of addresses.js. @param {number} number @param {number} family */
function addressOfNumber(number, family) {
  const [a, b, c, d] = FIRST;
  const value = b * 65536 + c * 256 + d + number;
  if (family === AF_INET) return `${a}.${value >>> 16}.${(value >>> 8) & 0xff}.${value & 0xff}`;
  return `${PREFIX_OF_IPV6.slice(0, -2)}:0:0:${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
}

/**
 * @param {import("./sockets.js").Sockets} sockets
 */
export function nameInterfaces({ network, names, waiting }) {
  class ResolveAddressStream {
    #found;

    /** @param {IpAddress[]} found */
    constructor(found) {
      this.#found = found.values();
    }

    resolveNextAddress() {
      return this.#found.next().value;
    }

    subscribe() {
      return waiting.pollable(() => true);
    }
  }

  /** @param {object} _ The network. @param {string} name */
  function resolveAddresses(_, name) {
    const own = parseIpAddress(name.replace(/^\[(.*)\]$/, "$1"));
    if (own) return new ResolveAddressStream([own]);
    const { value, error, code, text } = network.lookup(name, 0);
    if (error === EACCES) throw codeOf(error, text);
    if (error === EINTR || code === "EAI_AGAIN") throw "temporary-resolver-failure";
    if (error !== undefined || !value?.length) throw "name-unresolvable";
    /** @type {LookupAddress[]} */
    const found = value;
    const addresses = found.map(({ address, family }) => parseIpAddress(names.addressOf(address, family === 6 ? AF_INET6 : AF_INET)));
    return new ResolveAddressStream(addresses.filter((address) => address !== null));
  }

  return { "wasi:sockets/ip-name-lookup": { ResolveAddressStream, resolveAddresses } };
}
