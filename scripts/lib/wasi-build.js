/**
 * MicroPython for WASI, built from MicroPython's sources and the folder wasi: wasi/README.md tells
 * why each step is needed. What is built is kept in the per-user cache, keyed by everything that
 * goes into it.
 */

import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { withLock } from "./lock.js";
import { fingerprint } from "./made.js";
import { CACHE, ROOT, WORK } from "./paths.js";
import { Problem } from "./progress.js";
import { check, which } from "./run.js";
import { source } from "./source.js";
import { tools } from "./tools.js";
import { findWheel } from "./wheel.js";

const INPUTS = ["wasi", "web/micropython/ssl.py", "web/micropython/ussl.py", "web/micropython/asyncio", "scripts/lib/wasi-build.js"];
const BINARYEN = join(ROOT, "node_modules", "binaryen");

/** Instructions that the compiler uses and that binaryen does not take for granted. */
const FEATURES = ["exception-handling", "reference-types", "multivalue"].map((name) => `--enable-${name}`);

/**
 * The order matters. Before --spill-pointers every value that lives across a call must be in a
 * local of its own, which is what --flatten does; the passes between the two merge locals so that
 * there are fewer to store. What comes after may move a pointer elsewhere, but never takes a store
 * to memory away, so the collector still finds it. --flatten does not know today's exceptions, so
 * their translation comes last but for the optimisation. wasmtime has no others; Node 20 and 22
 * have the older ones only, which every JavaScript engine knows.
 *
 * @param {"exnref" | "legacy"} exceptions
 */
const passes = (exceptions) => [
  "--flatten",
  ...["--simplify-locals-nonesting", "--coalesce-locals", "--simplify-locals-nonesting", "--coalesce-locals"],
  "--spill-pointers",
  ...(exceptions === "exnref" ? ["--translate-to-exnref"] : []),
  "-O2",
  "--strip-debug",
];

/**
 * The interpreter as a core module of wasm, which imports wasi_snapshot_preview1 and what the
 * bindings import.
 *
 * @param {"exnref" | "legacy"} exceptions Today's instructions for exceptions, or the older ones.
 * @param {{sanitized?: boolean}} [options] `sanitized`: the units of the folder wasi trap where
 *   what they do is undefined in C.
 * @returns {{name: string, build: (note: (text: string) => void) => Promise<string>}} A name for
 *   what it is built from, and what builds it unless it is in the cache; returns its path, which is
 *   not to be written to.
 */
export function interpreter(exceptions, { sanitized = false } = {}) {
  const { version } = JSON.parse(readFileSync(join(BINARYEN, "package.json"), "utf8"));
  const name = fingerprint(INPUTS, [tools.sources.micropython.version, tools.wheels.zig.version, version, exceptions, sanitized]).slice(0, 16);
  const wasm = join(CACHE, "wasi", `${name}.wasm`);
  /** @param {(text: string) => void} note */
  const build = async (note) => {
    if (!existsSync(wasm)) await withLock(`${wasm}.lock`, async () => existsSync(wasm) || make(wasm, { exceptions, sanitized }, note), note);
    return wasm;
  };
  return { name, build };
}

/**
 * @param {string} wasm
 * @param {{exceptions: "exnref" | "legacy", sanitized: boolean}} how
 * @param {(text: string) => void} note
 */
async function make(wasm, { exceptions, sanitized }, note) {
  const log = join(WORK, "log", "wasi-build.log");
  rmSync(log, { force: true });
  const build = join(WORK, sanitized ? "wasi-sanitized" : "wasi"); // kept, so that only what has changed is compiled again
  const micropython = await source("micropython", note);
  const mpyCross = await crossCompiler(micropython, log, note);
  const variables = { MICROPYTHON: micropython, ZIG: findWheel("zig"), BUILD: build, MICROPY_MPYCROSS: mpyCross, ...(sanitized && { SANITIZE: "1" }) };
  const caches = { ZIG_GLOBAL_CACHE_DIR: join(CACHE, "zig"), ZIG_LOCAL_CACHE_DIR: join(CACHE, "zig") };
  await runMake(join(ROOT, "wasi"), variables, { log, onLine: note, env: caches });
  note("wasm-opt");
  mkdirSync(dirname(wasm), { recursive: true });
  const args = [...FEATURES, ...passes(exceptions), join(build, "micropython.wasm"), "-o", `${wasm}.partial`];
  await check(process.execPath, [join(BINARYEN, "bin", "wasm-opt"), ...args], { log });
  renameSync(`${wasm}.partial`, wasm);
}

/**
 * mpy-cross, which compiles the modules of Python that are part of the interpreter; runs on this
 * machine.
 *
 * @param {string} micropython
 * @param {string} log
 * @param {(text: string) => void} note
 */
async function crossCompiler(micropython, log, note) {
  const program = join(CACHE, "tools", `mpy-cross-${tools.sources.micropython.version}`);
  if (existsSync(program)) return program;
  await withLock(`${program}.lock`, async () => {
    if (existsSync(program)) return;
    const build = join(WORK, "mpy-cross");
    await runMake(join(micropython, "mpy-cross"), { BUILD: build, CWARN: "" }, { log, onLine: note });
    mkdirSync(dirname(program), { recursive: true });
    copyFileSync(join(build, "mpy-cross"), `${program}.partial`);
    renameSync(`${program}.partial`, program);
  }, note);
  return program;
}

/**
 * @param {string} folder
 * @param {Record<string, string | undefined>} variables
 * @param {Parameters<typeof check>[2]} options
 */
async function runMake(folder, variables, options) {
  const absent = ["make", "gcc", "python3"].filter((name) => !which(name));
  if (absent.length) throw new Problem(`MicroPython for WASI needs ${absent.join(", ")} to be built.`);
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  await check("make", ["-C", folder, `-j${availableParallelism()}`, ...settings], options);
}
