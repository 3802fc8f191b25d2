/**
 * Builds the engine as a WebAssembly component, dist/micropython-ssl.component.wasm:
 * `npm run build:component`.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ENGINE_INPUTS, compileEngine } from "./lib/engine.js";
import { withLock } from "./lib/lock.js";
import { make } from "./lib/made.js";
import { DIST, ROOT, WORK } from "./lib/paths.js";
import { runMain, shortPath } from "./lib/progress.js";
import { wasmToolchain } from "./lib/rust.js";
import { sizes } from "./lib/size.js";
import { lowerWideArithmetic } from "./lib/wide-arithmetic.js";
import { setUp } from "./setup.js";

const COMPONENT = join(DIST, "micropython-ssl.component.wasm");

/**
 * How crates of components are compiled. getrandom has no backend for this target that asks WASI:
 * src/bindings/wit.rs has ours.
 */
export const RUSTFLAGS = '-C target-feature=+simd128 --cfg getrandom_backend="custom"';

/**
 * And how the engine is: wasmtime has wide arithmetic off by default, so that it is taken out
 * again.
 */
const ENGINE_RUSTFLAGS = RUSTFLAGS.replace("+simd128", "+simd128,+wide-arithmetic");

/**
 * Builds the component, if it is not built from the sources as they are. The set-up has to be
 * complete.
 *
 * @returns {Promise<string>} Its path.
 */
export function buildComponent() {
  return withLock(join(WORK, "build.lock"), () => {
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const facts = [wasmToolchain().description, devDependencies["@bytecodealliance/jco"]];
    return make(COMPONENT, { title: "Engine as a component", inputs: [...ENGINE_INPUTS, "wit", "scripts/component.js"], facts }, componentize);
  });
}

/** @param {import("./lib/made.js").Making} progress */
async function componentize({ note, log }) {
  const module = await compileEngine({ shell: "component", rustflags: ENGINE_RUSTFLAGS, linking: ["-C", "strip=symbols"], log, note });
  note("jco new");
  const { componentNew } = await import("@bytecodealliance/jco"); // not there before the set-up
  writeFileSync(COMPONENT, await componentNew(lowerWideArithmetic(readFileSync(module)), []));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runMain(async () => {
    await setUp();
    const component = await buildComponent();
    console.log(`${shortPath(component)}: ${sizes(component)}`);
  });
}
