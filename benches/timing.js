/**
 * Whether the times of the crypto cores tell anything about their secrets, in Node and in wasmtime:
 * `node benches/timing.js [measurements]`.
 *
 * After Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?": seals and opens
 * messages of 1024 bytes, as records of TLS 1.2 and DTLS are, and judges records of legacy suites,
 * with keys and contents that are either always the same or new each time; new legacy records have
 * padding of any length, and most are wrong in some way. Both samples are compared by Welch's
 * t-test. A |t| above 4.5 is worth a look, one above 10 shows a difference. The last line is of
 * code that leaks on purpose, to show what the test can find.
 *
 * It is no proof: the proof that a test can give is that of `tests/node/crypto-cores.test.js`.
 */

import { readFileSync } from "node:fs";
import { TOOLS } from "../scripts/lib/paths.js";
import { check, which } from "../scripts/lib/run.js";
import { Cores, buildCores } from "../tests/support/crypto-cores.js";
import { table } from "./lib/table.js";

const LEGACY = ["AES-128-CBC with SHA-1", "AES-256-CBC with SHA-1", "AES-128-CBC with SHA-256"];

const measurements = Number(process.argv[2] ?? 50_000);
if (!Number.isInteger(measurements) || measurements < 1000) throw new Error("the number of measurements has to be 1000 or more");

const path = await buildCores("simd128", ["timing"]);
/** @type {Cores} */
const cores = new Cores(new WebAssembly.Module(readFileSync(path)), {
  wasi_snapshot_preview1: {
    /** @param {number} clock @param {bigint} precision @param {number} address */
    clock_time_get(clock, precision, address) {
      new DataView(cores.exports.memory.buffer).setBigUint64(address, process.hrtime.bigint(), true);
      return 0;
    },
  },
});
const works = [
  ...cores.algorithms.flatMap((name) => [`${name}, seal`, `${name}, open`]),
  ...LEGACY.map((name) => `${name}, padding and MAC`),
  "a leak, for comparison",
];
if (works.length !== cores.call("works")) throw new Error("the module has other works than this program has names for");

const wasmtime = which("wasmtime", [TOOLS]);
const rows = [];
for (const [index, name] of works.entries()) {
  rows.push([name, cores.call("largest_t", index, measurements)?.toFixed(1) ?? "-", wasmtime ? (await inWasmtime(wasmtime, index)).toFixed(1) : "-"]);
}
console.log(`largest |t| of ${measurements} measurements`);
console.log(table(["work", `Node ${process.version}`, "wasmtime"], rows));

/** @param {string} wasmtime @param {number} index */
async function inWasmtime(wasmtime, index) {
  const output = await check(wasmtime, ["run", "--invoke", "largest_t", path, String(index), String(measurements)]);
  return Number(output.trim().split("\n").pop());
}
