/** Starts MicroPython for WASI in wasmtime, and collects what it prints. */

import { join } from "node:path";
import { DIST } from "../../scripts/lib/paths.js";
import { precompiled, wasmtimeCommand } from "../../scripts/lib/wasmtime.js";
import { run } from "./runner.js";

const LIMIT = 60_000; // ms
const compiled = process.env.TEST_COMPILED ?? (await precompiled(join(DIST, "micropython.wasm")));

/**
 * Runs it to its end.
 *
 * @param {string[]} args
 * @param {Parameters<typeof run>[1] & {folders?: string[], more?: string[]}} [options]
 *   `folders` is what it may see, by default the current one; `more` are options of wasmtime.
 */
export function micropython(args, { folders, more, ...options } = {}) {
  return run(args, { command: wasmtimeCommand(compiled, { folders, more }), limit: LIMIT, ...options });
}

/**
 * Runs Python source with -c.
 *
 * @param {string} source
 * @param {Parameters<typeof micropython>[1]} [options]
 */
export function runCode(source, options) {
  return micropython(["-c", source], options);
}
