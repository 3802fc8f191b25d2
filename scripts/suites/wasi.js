/**
 * Programs in MicroPython for WASI: tests/wasi, and the tests of tests/node that say the same of
 * both runtimes.
 */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { CACHE, ROOT } from "../lib/paths.js";
import { precompiled, wasmtimeCommand } from "../lib/wasmtime.js";
import { buildMicroPython } from "../micropython-wasi.js";
import { runNodeTests, testFiles } from "./node.js";
import { shared } from "./shared.js";

export default {
  title: "Programs in MicroPython for WASI: node --test",
  /** @param {string} title */
  async run(title) {
    const files = [...testFiles(join(ROOT, "tests", "wasi")), ...shared.all];
    return runInWasmtime(title, files, await precompiled(await buildMicroPython()));
  },
};

/**
 * Runs test files of node:test whose programs are MicroPython's in wasmtime.
 *
 * @param {string} title
 * @param {string[]} files
 * @param {string} compiled As precompiled() returns it.
 */
export function runInWasmtime(title, files, compiled) {
  const command = wasmtimeCommand(compiled, { folders: [".", join(ROOT, "examples"), tmpdir(), CACHE] });
  return runNodeTests(title, files, { TEST_INTERPRETER: JSON.stringify(command), TEST_COMPILED: compiled });
}
