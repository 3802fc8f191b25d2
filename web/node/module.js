/** `_mphost`: what Python files need of the host besides files and the network. Nothing here throws; errors are negative errno values. */

import { createHash, randomFillSync } from "node:crypto";

/**
 * Makes the module for one interpreter.
 *
 * @param {() => Uint8Array} memory MicroPython's memory, made afresh for each call.
 * @param {Program} program What to run.
 *
 * @typedef {object} Program
 * @property {"file" | "code" | "module"} kind
 * @property {string} target The file's path, the source text, or the module's name.
 * @property {string[]} argv sys.argv.
 * @property {string[]} path sys.path after its first entry.
 * @property {string} cwd
 * @property {number} heapsize In bytes.
 * @property {boolean} compileOnly
 * @property {"1.2" | "1.3" | null} tls The only version of TLS to speak.
 */
export function hostModule(memory, program) {
  const environment = { ...process.env };
  return {
    kind: program.kind,
    target: program.target,
    compile_only: program.compileOnly,
    arguments: () => program.argv.length,
    argument: (index) => program.argv[index] ?? "",
    path_entries: () => program.path.length,
    path_entry: (index) => program.path[index] ?? "",

    urandom(address, length) {
      randomFillSync(memory(), address, length);
    },
    getenv: (name) => environment[name] ?? null,
    putenv(name, value) {
      environment[name] = value;
    },
    unsetenv(name) {
      delete environment[name];
    },

    /** A hash of node:crypto, as an object held by Python; null for an unknown name. */
    hash(name) {
      try {
        return createHash(name);
      } catch {
        return null;
      }
    },
    hash_update(hash, address, length) {
      hash.update(memory().slice(address, address + length));
    },
    /** Writes the digest to memory; the hash can be updated no more. */
    hash_digest(hash, address) {
      memory().set(hash.digest(), address);
    },
  };
}
