/** Interpreters as single programs, as MicroPython's drivers want them. */

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT, WORK } from "../../scripts/lib/paths.js";
import { referenceMicroPython } from "../../scripts/lib/reference-micropython.js";
import { wasmtimeCommand } from "../../scripts/lib/wasmtime.js";

const FOLDER = join(WORK, "micropython-tests");

/**
 * The Node runner.
 *
 * @param {string[]} [options] Options that it always gets.
 * @returns {string} The program.
 */
export function nodeRunner(options = []) {
  const name = ["micropython", ...options].join("").replace(/[^\w.=-]/g, "");
  return program(name, [process.execPath, join(ROOT, "web/node/cli.js"), ...options]);
}

/**
 * MicroPython for WASI, which sees the current folder and a folder of tests.
 *
 * @param {string} compiled As precompiled in scripts/lib/wasmtime.js returns it.
 * @param {string} tests
 * @returns {(settings?: string[]) => string} As nodeRunner, but of environment variables: MICROPYTHON_TLS=1.2.
 */
export function wasiRunner(compiled, tests) {
  const command = wasmtimeCommand(compiled, { folders: [".", tests, tmpdir()] });
  return (settings = []) => program(["micropython-wasi", ...settings].join("-"), ["env", ...settings, ...command]);
}

/**
 * A real MicroPython with Mbed TLS, and with a module ssl.
 *
 * @param {(text: string) => void} [note]
 * @returns {Promise<string>} The program.
 */
export async function reference(note) {
  const path = `MICROPYPATH=.frozen:${join(ROOT, "tests/differential/reference")}`;
  return program("reference", ["env", path, await referenceMicroPython(note)]);
}

function program(name, words) {
  const path = join(FOLDER, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\nexec ${words.map((word) => `"${word}"`).join(" ")} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}
