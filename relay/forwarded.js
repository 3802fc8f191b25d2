/** The address of a client behind proxies. */

import { Range, parseAddress } from "./targets.js";

/** @import { Address } from "./targets.js" */

/** Proxies whose X-Forwarded-For is believed. */
export class Proxies {
  #ranges;

  /** @param {string[]} ranges Addresses and ranges. @throws {RangeError} */
  constructor(ranges) {
    this.#ranges = ranges.map((text) => new Range(text));
  }

  /** @param {string} peer */
  trusts(peer) {
    const address = parseAddress(peer);
    return address !== null && this.#has(address);
  }

  /**
   * @param {string} peer Who opened the connection.
   * @param {string | undefined} forwarded X-Forwarded-For: each proxy appends the address
   *   that it got the request from.
   * @returns {string} The last address that is no proxy of ours. Anybody can make up what stands
   *   before it.
   */
  clientOf(peer, forwarded = "") {
    let client = parseAddress(peer);
    if (!client) return peer;
    for (const text of forwarded.split(",").reverse()) {
      /** @type {Address | null} */
      const before = this.#has(client) ? parseAddress(text.trim()) : null;
      if (!before) break;
      client = before;
    }
    return String(client);
  }

  /** @param {Address} address */
  #has(address) {
    return this.#ranges.some((range) => range.contains(address));
  }
}
