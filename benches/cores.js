/**
 * How fast the AEAD cores are: `node benches/cores.js [simd128 | relaxed-simd]…`.
 *
 * For each cipher and length of message: the cores, RustCrypto's crates in the same wasm module,
 * and Node's native OpenSSL, in MB per second of CPU time, and what the cores reach of the other
 * two.
 */

import { createCipheriv } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { BUILDS, BUILD_NAMES, Cores, buildCores, isSupported } from "../tests/support/crypto-cores.js";
import { table } from "./lib/table.js";

const LENGTHS = [16384, 1024, 64];
const HEAD = ["cipher", "bytes", "seal", "open", "RustCrypto", "x", "native", "x"];
const ROUNDS = 15;
const ROUND_MS = 4;
const TIER_UP_MS = 100; // the engine optimises meanwhile, in the background

/** @type {Record<string, "chacha20-poly1305" | "aes-128-gcm" | "aes-256-gcm">} */
const NATIVE = { "ChaCha20-Poly1305": "chacha20-poly1305", "AES-128-GCM": "aes-128-gcm", "AES-256-GCM": "aes-256-gcm" };

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in BUILDS));
if (unknown.length) throw new Error(`no build ${unknown.join(", ")}; there are: ${BUILD_NAMES.join(", ")}`);
for (const build of BUILD_NAMES.filter((name) => !wanted.length || wanted.includes(name))) {
  if (!isSupported(build)) {
    console.log(`${build}: this engine does not have it\n`);
    continue;
  }
  console.log(`${build}, Node ${process.version}`);
  console.log(`${table(HEAD, await measure(build))}\n`);
}

/** @param {typeof BUILD_NAMES[0]} build */
async function measure(build) {
  const module = new WebAssembly.Module(readFileSync(await buildCores(build)));
  const rows = [];
  for (const [index, algorithm] of new Cores(module).algorithms.entries()) {
    for (const length of LENGTHS) {
      const ours = instance(module, index, false, length);
      const theirs = instance(module, index, true, length);
      const [seal, open, rustcrypto, native] = await speeds(length, [ours.seal, ours.open, theirs.seal, nativeSeal(algorithm, length)]);
      const figures = [seal, open, rustcrypto].map((speed) => speed.toFixed(0));
      rows.push([algorithm, length, ...figures, (seal / rustcrypto).toFixed(1), native.toFixed(0), (seal / native).toFixed(2)].map(String));
    }
  }
  return rows;
}

/**
 * @param {WebAssembly.Module} module
 * @param {number} algorithm
 * @param {boolean} rustcrypto
 * @param {number} length
 */
function instance(module, algorithm, rustcrypto, length) {
  const { exports } = new Cores(module);
  exports.prepare(algorithm, rustcrypto, length, 1);
  return exports;
}

/** @param {string} algorithm @param {number} length @returns {Work} */
function nativeSeal(algorithm, length) {
  const name = NATIVE[algorithm];
  const key = Buffer.alloc(name === "aes-128-gcm" ? 16 : 32, 1);
  const nonce = Buffer.alloc(12, 1);
  const aad = Buffer.alloc(13, 2);
  const message = Buffer.alloc(length, 3);
  return (count) => {
    for (let i = 0; i < count; i++) {
      const cipher = createCipheriv(/** @type {"aes-128-gcm"} */ (name), key, nonce, { authTagLength: 16 });
      cipher.setAAD(aad, { plaintextLength: length });
      cipher.update(message);
      cipher.final();
      cipher.getAuthTag();
    }
  };
}

/** @typedef {(count: number) => void} Work Takes how often it is to be done. */

/**
 * MB/s of each piece of work, which takes how often it shall be done: the best of several
 * interleaved rounds.
 *
 * @param {number} length
 * @param {Work[]} works
 */
async function speeds(length, works) {
  works.forEach((work) => work(Math.ceil(2e6 / (length + 200))));
  await sleep(TIER_UP_MS);
  const counts = works.map((work) => {
    let count = 1;
    while (cpuMs(() => work(count)) < ROUND_MS) count *= 2;
    return count;
  });
  const best = works.map(() => 0);
  for (let round = 0; round < ROUNDS; round++) {
    works.forEach((work, i) => {
      const ms = cpuMs(() => work(counts[i]));
      best[i] = Math.max(best[i], (length * counts[i]) / ms / 1000);
    });
  }
  return best;
}

/** CPU time, since other processes may be at work. @param {() => void} work */
function cpuMs(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
