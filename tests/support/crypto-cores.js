/** The wasm module with the AEAD cores: builds it and makes its exports convenient. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { ROOT, WORK } from "../../scripts/lib/paths.js";
import { check } from "../../scripts/lib/run.js";
import { TARGET, wasmToolchain } from "../../scripts/lib/rust.js";
import { lowerWideArithmetic } from "../../scripts/lib/wide-arithmetic.js";
import { messageOf } from "../../web/net/errno.js";

/**
 * The instructions that a build may use; wide arithmetic is taken out again, as from the engine.
 * Without vectors RustCrypto's crates do all.
 */
export const BUILDS = {
  simd128: "+simd128,+wide-arithmetic",
  "relaxed-simd": "+simd128,+relaxed-simd,+wide-arithmetic",
  scalar: "+wide-arithmetic",
};

/** @type {(keyof typeof BUILDS)[]} */
export const BUILD_NAMES = ["simd128", "relaxed-simd", "scalar"];

/**
 * Builds the module; a second time, only what has changed.
 *
 * @param {keyof typeof BUILDS} build
 * @param {string[]} [features] The crate's; each has a build of its own.
 * @returns {Promise<string>} The module's path.
 */
export async function buildCores(build, features = []) {
  const toolchain = wasmToolchain();
  const targetDir = join(ROOT, "target", "crypto-cores", [build, ...features].join("-"));
  const options = ["--release", "--locked", "--target", TARGET, "--features", features.join(","), ...toolchain.args];
  await check(toolchain.cargo, ["build", "-p", "crypto-cores", ...options], {
    cwd: ROOT,
    env: {
      ...toolchain.env,
      CARGO_TARGET_DIR: targetDir,
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: `-C target-feature=${BUILDS[build]}`,
      RUSTFLAGS: undefined,
    },
    log: join(WORK, "log", "crypto-cores.log"),
  });
  const folder = join(targetDir, TARGET, "release");
  const lowered = join(folder, "crypto_cores.lowered.wasm");
  writeFileSync(lowered, lowerWideArithmetic(readFileSync(join(folder, "crypto_cores.wasm"))));
  return lowered;
}

/**
 * Whether this engine runs a build. Asks V8 for relaxed-simd where that is still an experiment, as
 * in Node 20.
 *
 * @param {keyof typeof BUILDS} build
 * @returns {boolean}
 */
export function isSupported(build) {
  const splat = [0x41, 0, 0xfd, 0x11]; // i32.const 0, i32x4.splat
  if (build === "scalar") return true;
  if (build === "simd128") return validates(splat);
  const swizzle = [...splat, ...splat, 0xfd, 0x80, 0x02]; // i8x16.relaxed_swizzle
  if (!validates(swizzle)) setFlagsFromString("--experimental-wasm-relaxed-simd");
  return validates(swizzle);
}

/**
 * Whether the engine takes a function of these instructions, which leave one value.
 *
 * @param {number[]} instructions
 */
function validates(instructions) {
  const code = [0, ...instructions, 0x1a, 0x0b];
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0];
  return WebAssembly.validate(Uint8Array.from([...header, 10, code.length + 2, 1, code.length, ...code]));
}

/** An instance of the module. */
export class Cores {
  /**
   * @param {WebAssembly.Module} module
   * @param {WebAssembly.Imports} [imports] What it takes with the feature `timing`.
   */
  constructor(module, imports) {
    /** @type {Record<string, any>} */
    this.exports = new WebAssembly.Instance(module, imports).exports;
    this.exports.init();
  }

  /** @returns {string[]} The names of the tests in the module. */
  get tests() {
    return Object.keys(this.exports)
      .filter((name) => name.startsWith("test: "))
      .map((name) => name.slice("test: ".length));
  }

  /** @returns {string[]} The names of the ciphers, in the order of their numbers. */
  get algorithms() {
    const { algorithms, name, name_len } = this.exports;
    return Array.from({ length: algorithms() }, (_, i) => this.#text(name(i), name_len(i)));
  }

  /**
   * Runs a test.
   *
   * @param {string} name
   * @throws {Error} with what the test says when it fails.
   */
  run(name) {
    this.call(`test: ${name}`);
  }

  /**
   * Calls an export.
   *
   * @param {string} name
   * @param {...number} args
   * @returns {number | undefined}
   * @throws {Error} with what it says when it panics.
   */
  call(name, ...args) {
    try {
      return this.exports[name](...args);
    } catch (trap) {
      const { message, message_len } = this.exports;
      throw new Error(this.#text(message(), message_len()) || `trap: ${messageOf(trap)}`, { cause: trap });
    }
  }

  /** @param {number} address @param {number} length */
  #text(address, length) {
    return new TextDecoder().decode(new Uint8Array(this.exports.memory.buffer, address, length));
  }
}
