/** wasmtime as a place to run MicroPython for WASI in. */

import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { TOOLS, WORK } from "./paths.js";
import { ask, check } from "./run.js";

const WASMTIME = join(TOOLS, "wasmtime");
const FOLDER = join(WORK, "wasmtime");

/**
 * The wasm as machine code, so that it starts at once.
 *
 * @param {string} wasm
 * @returns {Promise<string>} Its path; made anew when the wasm or wasmtime changes.
 */
export async function precompiled(wasm) {
  const { mtimeMs, size } = statSync(wasm);
  const key = `${mtimeMs}-${size}-${ask(WASMTIME, ["--version"])}`.replace(/[^\w.-]+/g, "-");
  const compiled = join(FOLDER, `${key}.cwasm`);
  if (existsSync(compiled)) return compiled;
  mkdirSync(FOLDER, { recursive: true });
  const partial = `${compiled}.${process.pid}`;
  await check(WASMTIME, ["compile", wasm, "-o", partial], { log: join(WORK, "log", "wasmtime.log") });
  renameSync(partial, compiled);
  return compiled;
}

/**
 * The command that runs a program with the network and the environment.
 *
 * @param {string} program A wasm, or what `precompiled` returns.
 * @param {object} [options]
 * @param {string[]} [options.folders] What it may see of the file system, each `HOST` or
 *   `HOST::GUEST`.
 * @param {string[]} [options.more] More options of wasmtime.
 * @returns {string[]} A program and its arguments, to be followed by the interpreter's.
 */
export function wasmtimeCommand(program, { folders = ["."], more = [] } = {}) {
  const dirs = folders.flatMap((folder) => ["--dir", folder]);
  const network = ["-S", "inherit-network", "-S", "allow-ip-name-lookup", "-S", "inherit-env"];
  return [WASMTIME, "run", "--allow-precompiled", ...network, ...dirs, ...more, "--argv0", "micropython", program];
}
