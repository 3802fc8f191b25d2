/**
 * The crypto cores in wasm: right results, and the same branches and addresses whatever the
 * secrets.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { TOOLS } from "../../scripts/lib/paths.js";
import { check, which } from "../../scripts/lib/run.js";
import { BUILD_NAMES, Cores, buildCores, isSupported } from "../support/crypto-cores.js";
import { traceWasm } from "../support/trace-wasm.js";

/**
 * Lengths of messages in bytes, with every way in which one is cut into blocks, groups and strides.
 */
const LENGTHS = [0, 1, 16, 31, 96, 97, 192, 193, 208, 240, 448, 512, 1000, 2100];
const SEEDS = [1, 2, 3, 4, 5];

/**
 * What legacy suites protect records with, in the order of the module, with the fewest blocks that
 * hold a MAC and padding; and lengths of records in blocks.
 *
 * @type {[algorithm: string, least: number][]}
 */
const LEGACY = [
  ["AES-128-CBC with SHA-1", 2],
  ["AES-256-CBC with SHA-1", 2],
  ["AES-128-CBC with SHA-256", 3],
  ["AES-256-CBC with SHA-384", 4],
];
const BLOCKS = [2, 3, 4, 5, 8, 15, 16, 17, 18, 20, 33, 100];
/** Each with a length of padding of its own, and every sixth record in order. */
const RECORDS = 60;

const WASMTIME = which("wasmtime", [TOOLS]);

for (const build of BUILD_NAMES) {
  const skip = isSupported(build) ? false : `this engine has no ${build}`;
  test(`The cores in ${build}`, { skip }, async (t) => {
    const path = await buildCores(build);
    const wasm = readFileSync(path);
    const module = new WebAssembly.Module(wasm);
    const { tests } = new Cores(module);
    assert.ok(tests.length >= 10, "the module has its tests");
    for (const name of tests) {
      await t.test(name, () => new Cores(module).run(name));
    }
    await t.test("pass the same tests in wasmtime", { skip: WASMTIME ? false : "wasmtime is not installed" }, async () => {
      assert.ok(WASMTIME);
      const compiled = path.replace(/wasm$/, "cwasm");
      await check(WASMTIME, ["compile", "-o", compiled, path]);
      for (const name of tests) {
        await check(WASMTIME, ["run", "--allow-precompiled", "--invoke", `test: ${name}`, compiled]);
      }
    });

    const traced = new WebAssembly.Module(traceWasm(wasm));
    for (const [index, algorithm] of new Cores(module).algorithms.entries()) {
      await t.test(`${algorithm} takes the same branches and addresses whatever the secrets`, () => {
        for (const length of LENGTHS) {
          const expected = trace(traced, "trace_message", index, length, 13, 0);
          assert.ok(expected.count > 1000, "the trace has events");
          for (const seed of SEEDS) {
            assert.deepEqual(trace(traced, "trace_message", index, length, 13, seed), expected, `${length} bytes`);
          }
        }
      });
    }
    for (const [index, [algorithm, least]] of LEGACY.entries()) {
      await t.test(`${algorithm} takes the same branches and addresses whether padding and MAC are right or wrong`, () => {
        for (const blocks of BLOCKS.filter((blocks) => blocks >= least)) {
          const expected = trace(traced, "trace_legacy_record", index, blocks, 0);
          assert.ok(expected.count > 1000, "the trace has events");
          for (let seed = 1; seed < RECORDS; seed++) {
            assert.deepEqual(trace(traced, "trace_legacy_record", index, blocks, seed), expected, `${blocks} blocks, seed ${seed}`);
          }
        }
      });
    }
    assert.equal(new Cores(module).call("legacy_algorithms"), LEGACY.length);
    await t.test("a trace shows a secret that becomes an address", () => assert.ok(tellsApart(traced, "trace_leaky_address")));
    await t.test("a trace shows a secret that becomes a condition", () => assert.ok(tellsApart(traced, "trace_leaky_branch")));
  });
}

/**
 * What a run shows, in an instance of its own, so that every run finds the memory as the others do.
 *
 * @param {WebAssembly.Module} module
 * @param {string} name
 * @param {...number} args
 */
function trace(module, name, ...args) {
  const cores = new Cores(module);
  cores.call(name, ...args);
  return { count: Number(cores.call("trace_count")), hash: cores.call("trace_hash") };
}

/** @param {WebAssembly.Module} module @param {string} name */
function tellsApart(module, name) {
  return new Set(SEEDS.map((seed) => trace(module, name, seed).hash)).size > 1;
}
