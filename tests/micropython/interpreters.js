/** Interpreters as single programs, as MicroPython's drivers want them. */

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT, WORK } from "../../scripts/lib/paths.js";
import { referenceMicroPython } from "../../scripts/lib/reference-micropython.js";
import { wasmtimeCommand } from "../../scripts/lib/wasmtime.js";
import { pageCommand } from "./page.js";

const FOLDER = join(WORK, "micropython-tests");

/**
 * The Node runner.
 *
 * @param {string[]} [settings] Environment variables that it always gets: MICROPYTHON_TLS=1.2.
 * @returns {string} The program.
 */
export function nodeRunner(settings = []) {
  return program(["micropython", ...settings].join("-"), ["env", ...settings, process.execPath, join(ROOT, "web/node/cli.js")]);
}

/**
 * MicroPython in wasmtime, which sees the current folder and a folder of tests.
 *
 * @param {string} compiled As precompiled in scripts/lib/wasmtime.js returns it.
 * @param {string} tests
 * @returns {typeof nodeRunner}
 */
export function wasiRunner(compiled, tests) {
  const command = wasmtimeCommand(compiled, { folders: [".", tests, tmpdir()] });
  return (settings = []) => program(["micropython-wasi", ...settings].join("-"), ["env", ...settings, ...command]);
}

/**
 * MicroPython in a page.
 *
 * @param {string} socket As startPage() in page.js returns it.
 * @returns {typeof nodeRunner}
 */
export function pageRunner(socket) {
  const command = pageCommand(socket);
  return (settings = []) => program(["micropython-page", ...settings].join("-"), ["env", ...settings, ...command]);
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

/** @param {string} name @param {string[]} words */
function program(name, words) {
  const path = join(FOLDER, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\nexec ${words.map((word) => `"${word}"`).join(" ")} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}
