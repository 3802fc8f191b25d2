/**
 * `_mpsystem` in a browser: random bytes, the environment and hashes for the Python files. No
 * function throws.
 */

import { createHash } from "./hashes.js";

/** @import { Hash } from "./hashes.js" */

/** The most bytes that one call of getRandomValues() fills. */
const RANDOM_LIMIT = 65536;

/**
 * @param {() => Uint8Array<ArrayBuffer>} memory Returns a new view of MicroPython's memory.
 */
export function systemModule(memory) {
  /** @type {Record<string, string>} */
  const environment = {};
  return {
    /** @param {number} address @param {number} length */
    urandom(address, length) {
      for (let at = 0; at < length; at += RANDOM_LIMIT) {
        crypto.getRandomValues(memory().subarray(address + at, address + Math.min(length, at + RANDOM_LIMIT)));
      }
    },
    /** @param {string} name */
    getenv: (name) => environment[name] ?? null,
    /** @param {string} name @param {string} value */
    putenv(name, value) {
      environment[name] = value;
    },
    /** @param {string} name */
    unsetenv(name) {
      delete environment[name];
    },

    hash: createHash,
    /** @param {Hash} hash @param {number} address @param {number} length */
    hash_update(hash, address, length) {
      hash.update(memory().subarray(address, address + length));
    },
    /** @param {Hash} hash @param {number} address */
    hash_digest(hash, address) {
      memory().set(hash.digest(), address);
    },
  };
}
