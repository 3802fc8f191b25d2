/** Compiles the engine to a wasm module for one of its shells. */

import { join } from "node:path";
import { ROOT } from "./paths.js";
import { check } from "./run.js";
import { TARGET, findWasmToolchain } from "./rust.js";

/** What the module depends on, as files and folders of the checkout. */
export const ENGINE_INPUTS = ["Cargo.toml", "Cargo.lock", "src", "scripts/lib/engine.js", "scripts/lib/rust.js"];

/**
 * @param {object} options
 * @param {"web" | "component"} options.shell The crate's feature.
 * @param {string} options.rustflags For every crate.
 * @param {string[]} [options.linking] Arguments of rustc for the module itself.
 * @param {string} options.log
 * @param {(text: string) => void} options.note
 * @returns {Promise<string>} The module.
 */
export async function compileEngine({ shell, rustflags, linking = [], log, note }) {
  const toolchain = findWasmToolchain();
  const targetDir = join(ROOT, "target", "wasm"); // apart, since the compiler may be another one than the native one
  const args = ["rustc", "--lib", "--release", "--locked", "--target", TARGET, "--features", shell, ...toolchain.args, "--", ...linking];
  await check(toolchain.cargo, args, {
    cwd: ROOT,
    env: {
      ...toolchain.env,
      CARGO_TARGET_DIR: targetDir,
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: rustflags,
      RUSTFLAGS: undefined, // would replace ours
    },
    log,
    onLine: note,
  });
  return join(targetDir, TARGET, "release", "micropython_ssl.wasm");
}
