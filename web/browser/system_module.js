/**
 * `_mpsystem` in a browser: what Python files need besides files and the network. Nothing here
 * throws.
 */

import { createHash } from "./hashes.js";

/** The most that getRandomValues() gives at a time. */
const RANDOM_LIMIT = 65536;

/**
 * @param {() => Uint8Array} memory MicroPython's memory, made afresh for each call.
 */
export function systemModule(memory) {
  const environment = {};
  return {
    urandom(address, length) {
      for (let at = 0; at < length; at += RANDOM_LIMIT) {
        crypto.getRandomValues(memory().subarray(address + at, address + Math.min(length, at + RANDOM_LIMIT)));
      }
    },
    getenv: (name) => environment[name] ?? null,
    putenv(name, value) {
      environment[name] = value;
    },
    unsetenv(name) {
      delete environment[name];
    },

    hash: createHash,
    hash_update(hash, address, length) {
      hash.update(memory().subarray(address, address + length));
    },
    hash_digest(hash, address) {
      memory().set(hash.digest(), address);
    },
  };
}
