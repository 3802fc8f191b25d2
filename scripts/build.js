/**
 * Builds the engine and what else is made into dist/: `npm run build`. Does nothing when its inputs
 * are those of the last build.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { rootCertificates } from "node:tls";
import { fileURLToPath } from "node:url";
import { describe } from "./lib/cargo-tool.js";
import { ENGINE_INPUTS, compileEngine } from "./lib/engine.js";
import { INLINE, INLINE_INPUTS, buildInline } from "./lib/inline.js";
import { withLock } from "./lib/lock.js";
import { make, markMade } from "./lib/made.js";
import { DIST, TOOLS, WORK } from "./lib/paths.js";
import { runMain, shortPath } from "./lib/progress.js";
import { writePythonFiles } from "./lib/python-files.js";
import { check } from "./lib/run.js";
import { wasmToolchain } from "./lib/rust.js";
import { sizes } from "./lib/size.js";
import { unexpectedImports } from "./lib/wasm-imports.js";
import { lowerWideArithmetic } from "./lib/wide-arithmetic.js";
import { buildMicroPythonForHosts } from "./micropython-wasi.js";
import { setUp } from "./setup.js";

/** @import { Making } from "./lib/made.js" */

const ENGINE = join(DIST, "engine");
const WASM = join(ENGINE, "micropython_ssl_bg.wasm");
const WITH_NAMES = join(WORK, "engine-with-names");
const WASM_WITH_NAMES = join(WITH_NAMES, basename(WASM));
const RUSTFLAGS = "-C target-feature=+simd128,+wide-arithmetic"; // the latter is taken out again

/**
 * Builds MicroPython, the engine for JavaScript and the inlined build, where they are not built
 * from the sources as they are. The set-up has to be complete, with `wasi`.
 *
 * @returns {Promise<string>} The path of the engine's wasm.
 */
export async function build() {
  await withLock(join(WORK, "build.lock"), async () => {
    writePythonFiles();
    writeRoots();
    await make(WASM, { title: "Engine for WebAssembly", ...madeFrom() }, buildEngine);
    await make(INLINE, { title: "All in one file", inputs: INLINE_INPUTS }, buildInline);
  });
  await buildMicroPythonForHosts();
  return WASM;
}

/**
 * Builds the engine with the names of its functions, for profiles.
 *
 * @returns {Promise<string>} The wasm's path.
 */
export function buildWithNames() {
  return withLock(join(WORK, "build.lock"), () =>
    make(WASM_WITH_NAMES, { title: "Engine with names", ...madeFrom() }, async (progress) => bindgen(await compile(progress), WITH_NAMES, [], progress)),
  );
}

/** Mozilla's root certificates, as Node ships them, for pages. */
function writeRoots() {
  mkdirSync(DIST, { recursive: true });
  writeFileSync(join(DIST, "roots.pem"), `${rootCertificates.join("\n")}\n`);
}

/** @param {Making} progress */
async function buildEngine(progress) {
  const module = await compile(progress);
  await bindgen(module, ENGINE, ["--remove-name-section"], progress);
  await bindgen(module, WITH_NAMES, [], progress); // while it is compiled: the component's build replaces it
  markMade(WASM_WITH_NAMES, madeFrom());
  const surplus = unexpectedImports(readFileSync(WASM));
  if (surplus.length) throw new Error(`the engine imports what it may not: ${surplus.join(", ")}`);
}

/**
 * Compiles the engine for JavaScript.
 *
 * @param {{note?: (text: string) => void, log: string, root?: string}} options As of
 *   `compileEngine`.
 * @returns {Promise<string>} The compiler's module.
 */
export function compile({ note, log, root }) {
  return compileEngine({ shell: "web", rustflags: RUSTFLAGS, log, note, root });
}

/**
 * Makes of the compiler's module, in a folder, the wasm and the JavaScript that belongs to it.
 *
 * @param {string} module
 * @param {string} folder
 * @param {string[]} options
 * @param {Making} progress
 */
async function bindgen(module, folder, options, { note, log }) {
  note("wasm-bindgen");
  await check(join(TOOLS, "wasm-bindgen"), ["--target", "web", ...options, "--out-dir", folder, module], { log });
  const wasm = join(folder, basename(WASM));
  writeFileSync(wasm, lowerWideArithmetic(readFileSync(wasm)));
  const types = wasm.replace("_bg.wasm", ".d.ts");
  writeFileSync(types, withoutPlatformTypes(readFileSync(types, "utf8")));
}

/**
 * wasm-bindgen's types without those of the Web platform, which a program need not have. The
 * package loads the module itself.
 *
 * @param {string} types
 */
function withoutPlatformTypes(types) {
  return types
    .replace(/^export interface InitOutput \{[^}]*\}/m, "export interface InitOutput {\n    readonly memory: { readonly buffer: ArrayBuffer };\n}")
    .replace(/^export type (\w*InitInput) = .*;$/gm, "export type $1 = unknown;");
}

function madeFrom() {
  return { inputs: [...ENGINE_INPUTS, "scripts/build.js"], facts: [wasmToolchain().description, describe("wasm-bindgen").version] };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runMain(async () => {
    await setUp({ wasi: true });
    const wasm = await build();
    console.log(`${shortPath(wasm)}: ${sizes(wasm)}`);
  });
}
