/**
 * `npm run micropython:wasi -- script.py arguments`: runs a program in MicroPython for WASI, in
 * wasmtime, with the network, the environment and the current folder. Sets up and builds what is
 * missing. With `--build-only` it only builds.
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
import { withoutCustomSections } from "./lib/wasm-strip.js";
import { precompiled, wasmtimeCommand } from "./lib/wasmtime.js";
import { setUp } from "./setup.js";

/**
 * Builds dist/micropython.wasm, which wasmtime runs, if it is not built from the sources as they
 * are. The set-up has to be complete, with `wasi`.
 *
 * @returns {Promise<string>} Its path.
 */
export function buildMicroPython() {
  return compose("micropython.wasm", { title: "MicroPython for WASI", exceptions: "exnref", hosted: false });
}

/**
 * Builds dist/micropython.host.wasm, for hosts in JavaScript: it imports the interface `host` of
 * wit/interpreter.wit, and has the exceptions that every JavaScript engine knows. The set-up has to
 * be complete, with `wasi`.
 *
 * @returns {Promise<string>} Its path.
 */
export function buildMicroPythonForHosts() {
  return compose("micropython.host.wasm", { title: "MicroPython for hosts in JavaScript", exceptions: "legacy", hosted: true });
}

/**
 * Builds what traps where our C does what is undefined, for tests. The set-up has to be complete,
 * with `wasi`.
 *
 * @returns {Promise<string>} Its path.
 */
export function buildSanitizedMicroPython() {
  return compose("micropython.sanitized.wasm", { title: "MicroPython for WASI, sanitized", exceptions: "exnref", hosted: false, sanitized: true });
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

/**
 * The interpreter with the engine plugged in, and with what stands for a host where it will have
 * none.
 *
 * @param {string} name
 * @param {{title: string, exceptions: "exnref" | "legacy", hosted: boolean, sanitized?: boolean}}
 *   how
 */
function compose(name, { title, exceptions, hosted, sanitized }) {
  return withLock(join(WORK, "build-wasi.lock"), async () => {
    const { name: source, build } = interpreter(exceptions, { sanitized });
    const engine = await buildComponent();
    const inputs = [relative(ROOT, engine), "scripts/micropython-wasi.js", "scripts/lib/wasm-strip.js"];
    const result = join(DIST, name);
    return make(result, { title, inputs, facts: [source] }, async ({ note, log }) => {
      /** @param {string} socket @param {string} plugged */
      const plug = (socket, plugged) => check(join(TOOLS, "wac"), ["plug", socket, "--plug", plugged, "-o", result], { log });
      await plug(await componentize(await build(note)), engine);
      if (!hosted) await plug(result, await noHost());
      writeFileSync(result, withoutCustomSections(readFileSync(result)));
    });
  });
}

/**
 * A component of a core module: its imports of WASI's first preview go through an adapter, the
 * others are as the bindings say.
 *
 * @param {string} module
 */
async function componentize(module) {
  const { componentNew } = await import("@bytecodealliance/jco"); // not there before the set-up
  const adapter = readFileSync(join(ROOT, "node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.command.wasm"));
  return write("micropython.component.wasm", await componentNew(readFileSync(module), [["wasi_snapshot_preview1", adapter]]));
}

/** A component that says no to everything that a host of this project offers. */
async function noHost() {
  const { parse } = await import("@bytecodealliance/jco");
  return write("no_host.wasm", await parse(readFileSync(join(ROOT, "wasi", "no_host.wat"), "utf8")));
}

/** @param {string} name @param {Uint8Array} component */
function write(name, component) {
  const path = join(WORK, "wasi", name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, component);
  return path;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runMain(async () => {
    const onlyBuild = process.argv[2] === "--build-only";
    await setUp({ wasi: !onlyBuild });
    if (onlyBuild) return void (await buildMicroPython());
    return runMicroPython(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd());
  });
}
