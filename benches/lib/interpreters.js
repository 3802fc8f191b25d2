/**
 * The MicroPythons that take turns: commands that take a script or `-c`. What is missing is built.
 */

import { join } from "node:path";
import { CACHE, ROOT } from "../../scripts/lib/paths.js";
import { referenceMicroPython } from "../../scripts/lib/reference-micropython.js";
import { precompiled, wasmtimeCommand } from "../../scripts/lib/wasmtime.js";
import { buildMicroPython } from "../../scripts/micropython-wasi.js";
import { setUp } from "../../scripts/setup.js";

/** The unix port of MicroPython, with Mbed TLS. */
export const NATIVE = "MicroPython, native, Mbed TLS";
const NODE = "MicroPython in Node";
const WASI = "MicroPython in wasmtime";
const WASI_COMPILING = "MicroPython in wasmtime, compiled at start";

/**
 * @param {import("./bench.js").Bench} bench
 * @returns {Promise<Record<string, string[]>>} By subject.
 */
export async function interpreters(bench) {
  /** @type {Record<string, string[]>} */
  const all = { [NODE]: [process.execPath, join(ROOT, "web/node/cli.js")] };
  const wasm = await micropythonForWasi(bench);
  if (wasm) all[WASI] = wasmtime(await precompiled(wasm));
  const native = await bench.optional(NATIVE, () => referenceMicroPython(bench.note));
  if (native) all[NATIVE] = [native];
  return all;
}

/**
 * These, and MicroPython for WASI as users download it. wasmtime compiles it at its first start,
 * and here at every start, because the cache is off.
 *
 * @param {import("./bench.js").Bench} bench
 * @returns {Promise<Record<string, string[]>>} By subject.
 */
export async function interpretersAndCompiling(bench) {
  const wasm = await micropythonForWasi(bench);
  return { ...(await interpreters(bench)), ...(wasm && { [WASI_COMPILING]: wasmtime(wasm, ["-C", "cache=n"]) }) };
}

/**
 * @param {import("./bench.js").Bench} bench
 * @returns {Promise<string | undefined>} The path of dist/micropython.wasm; undefined where it
 *   cannot be built.
 */
export function micropythonForWasi(bench) {
  return bench.optional(WASI, async () => {
    await setUp({ wasi: true });
    return buildMicroPython();
  });
}

/** @param {string} program @param {string[]} [more] */
function wasmtime(program, more) {
  // What programs need: their own files, their authority, and the CPU time of their process.
  const folders = [ROOT, CACHE, "/proc/self/task"].map((folder) => `${folder}::${folder}`);
  return wasmtimeCommand(program, { folders, more });
}
