/**
 * `npm run micropython:wasi -- script.py arguments`: runs a program in MicroPython for WASI, in wasmtime, with the network, the
 * environment and the current folder. Sets up and builds what is missing.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { buildComponent } from "./component.js";
import { withLock } from "./lib/lock.js";
import { make } from "./lib/made.js";
import { DIST, ROOT, TOOLS, WORK } from "./lib/paths.js";
import { runMain } from "./lib/progress.js";
import { check, runInForeground } from "./lib/run.js";
import { interpreter } from "./lib/wasi-build.js";
import { precompiled, wasmtimeCommand } from "./lib/wasmtime.js";
import { setUp } from "./setup.js";

const MICROPYTHON = join(DIST, "micropython.wasm");

/**
 * Builds dist/micropython.wasm, if it is not built from the sources as they are. The set-up has to be complete, with `wasi`.
 *
 * @returns {Promise<string>} Its path.
 */
export function buildMicroPython() {
  return withLock(join(WORK, "build-wasi.lock"), async () => {
    const { name, build } = interpreter();
    const engine = await buildComponent();
    const inputs = [relative(ROOT, engine), "scripts/micropython-wasi.js"];
    return make(MICROPYTHON, { title: "MicroPython for WASI", inputs, facts: [name] }, async ({ note, log }) => {
      const component = join(WORK, "wasi", "micropython.component.wasm");
      await componentize(await build(note), component);
      await check(join(TOOLS, "wac"), ["plug", component, "--plug", engine, "-o", MICROPYTHON], { log });
    });
  });
}

/**
 * Runs it in the foreground.
 *
 * @param {string[]} args The interpreter's.
 * @param {string} cwd The folder that it sees.
 * @returns {Promise<number>} Its exit code.
 */
export async function runMicroPython(args, cwd) {
  const [program, ...words] = wasmtimeCommand(await precompiled(await buildMicroPython()));
  return runInForeground(program, [...words, ...args], cwd);
}

/** A component of a core module: its imports of WASI's first preview go through an adapter, the others are as the bindings say. */
async function componentize(module, component) {
  const { componentNew } = await import("@bytecodealliance/jco"); // not there before the set-up
  const adapter = readFileSync(join(ROOT, "node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.command.wasm"));
  mkdirSync(dirname(component), { recursive: true });
  writeFileSync(component, await componentNew(readFileSync(module), [["wasi_snapshot_preview1", adapter]]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runMain(async () => {
    await setUp({ wasi: true });
    return runMicroPython(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd());
  });
}
