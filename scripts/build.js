/** Builds the engine and what else is made into dist/: `npm run build`. Does nothing when its inputs are those of the last build. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { describe } from "./lib/cargo-tool.js";
import { withLock } from "./lib/lock.js";
import { DIST, ROOT, TOOLS, WORK } from "./lib/paths.js";
import { runMain, shortPath, step } from "./lib/progress.js";
import { writePythonFiles } from "./lib/python-files.js";
import { check } from "./lib/run.js";
import { TARGET, findWasmToolchain } from "./lib/rust.js";
import { unexpectedImports } from "./lib/wasm-imports.js";
import { setUp } from "./setup.js";

const ENGINE = join(DIST, "engine");
const WASM = join(ENGINE, "micropython_ssl_bg.wasm");
const STAMP = join(ENGINE, ".built-from");
const RUSTFLAGS = "-C target-feature=+simd128";
const INPUTS = ["Cargo.toml", "Cargo.lock", "src", "scripts/build.js", "scripts/lib/rust.js"];

/**
 * Builds the engine for JavaScript, if it is not built from the sources as they are.
 *
 * @returns {Promise<string>} The wasm's path.
 */
export function build() {
  return withLock(join(WORK, "build.lock"), async () => {
    writePythonFiles();
    const toolchain = findWasmToolchain();
    const inputs = fingerprint(toolchain.description, describe("wasm-bindgen").version);
    if (existsSync(WASM) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === inputs) return WASM;
    await step("Engine for WebAssembly", async ({ note, result }) => {
      rmSync(STAMP, { force: true });
      await buildEngine(toolchain, note);
      writeFileSync(STAMP, inputs);
      result(`${shortPath(WASM)}, ${sizes(WASM)}`);
    });
    return WASM;
  });
}

/**
 * @param {string} path
 * @returns {{raw: number, brotli: number}} The file's size and what a browser downloads, in bytes.
 */
export function measure(path) {
  const bytes = readFileSync(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return { raw: bytes.length, brotli: brotliCompressSync(bytes, { params }).length };
}

async function buildEngine(toolchain, note) {
  const log = join(WORK, "log", "build.log");
  rmSync(log, { force: true });
  const targetDir = join(ROOT, "target", "wasm"); // apart, since the compiler may be another one than the native one
  const args = ["build", "--lib", "--release", "--locked", "--target", TARGET, "--features", "web", ...toolchain.args];
  await check(toolchain.cargo, args, {
    cwd: ROOT,
    env: {
      ...toolchain.env,
      CARGO_TARGET_DIR: targetDir,
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: RUSTFLAGS,
      RUSTFLAGS: undefined, // would replace ours
    },
    log,
    onLine: note,
  });
  const module = join(targetDir, TARGET, "release", "micropython_ssl.wasm");
  mkdirSync(ENGINE, { recursive: true });
  note("wasm-bindgen");
  await check(join(TOOLS, "wasm-bindgen"), ["--target", "web", "--remove-name-section", "--out-dir", ENGINE, module], { log });
  const surplus = unexpectedImports(readFileSync(WASM));
  if (surplus.length) throw new Error(`the engine imports what it may not: ${surplus.join(", ")}`);
}

function sizes(path) {
  const { raw, brotli } = measure(path);
  return `${kilobytes(raw)} KB (${kilobytes(brotli)} KB brotli)`;
}

function kilobytes(bytes) {
  return Math.round(bytes / 1000);
}

/** A digest of everything that the build depends on. */
function fingerprint(...facts) {
  const hash = createHash("sha256").update(facts.join("\n"));
  for (const input of INPUTS) {
    for (const file of filesUnder(join(ROOT, input))) {
      hash.update(`\n${relative(ROOT, file)}\n`).update(readFileSync(file));
    }
  }
  return hash.digest("hex");
}

function filesUnder(path) {
  let entries;
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (error.code === "ENOTDIR") return [path];
    throw error;
  }
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => filesUnder(join(path, entry.name)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runMain(async () => {
    await setUp();
    const wasm = await build();
    console.log(`${shortPath(wasm)}: ${sizes(wasm)}`);
  });
}
