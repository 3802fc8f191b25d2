/**
 * Compiles the engine to a wasm module for one of its shells, and other crates of the workspace.
 */

import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./paths.js";
import { check } from "./run.js";
import { TARGET, wasmToolchain } from "./rust.js";

const SCRIPTS = ["engine", "rust", "wide-arithmetic", "wasm-binary", "wasm-instructions"].map((name) => `scripts/lib/${name}.js`);
/** They read WebAssembly by it. */
const READER = "web/component/reader.js";

/** What the module depends on, as files and folders of the checkout. */
export const ENGINE_INPUTS = ["Cargo.toml", "Cargo.lock", "crates", "src", ...SCRIPTS, READER];

/**
 * The linker optimises once more what rustc has optimised as a whole: only then LLVM sees that
 * nobody reads the arguments of panics, and with them go the messages, and all that would format
 * them.
 */
const LTO_AGAIN = ["-C", "linker-plugin-lto"];

/**
 * @param {object} options
 * @param {"web" | "component"} options.shell The crate's feature.
 * @param {string} options.rustflags For every crate.
 * @param {string[]} [options.linking] Arguments of rustc for the module itself.
 * @param {string} options.log
 * @param {(text: string) => void} [options.note]
 * @param {string} [options.root] A copy of the checkout, in whose `target` the work is done; the
 *   checkout by default.
 * @returns {Promise<string>} The module.
 */
export function compileEngine({ shell, ...options }) {
  return compileCrate({ crate: "micropython-ssl", args: ["--features", shell], ...options });
}

/**
 * Compiles a crate of the workspace to a wasm module; as `compileEngine`.
 *
 * @param {{crate: string, args?: string[], rustflags: string, linking?: string[], log: string,
 *   note?: (text: string) => void, root?: string}} options
 * @returns {Promise<string>} The module.
 */
export async function compileCrate({ crate, args = [], rustflags, linking = [], log, note, root = ROOT }) {
  const toolchain = wasmToolchain();
  // Apart from the native ones, since the compiler may be another one; and each with its own flags,
  // or Cargo would compile all dependencies again whenever another one is built.
  const features = args.filter((arg) => !arg.startsWith("-"));
  const targetDir = join(root, "target", "wasm", [crate, ...features].join("-"));
  const flags = [...rustflags.split(" "), ...(await withoutOurPaths(toolchain, root, log))];
  const module = ["-p", crate, "--lib", "--crate-type", "cdylib"]; // without an rlib beside it, for which Cargo would leave out LTO
  const build = ["rustc", ...module, "--release", "--locked", "--target", TARGET, ...args, ...toolchain.args, "--", ...LTO_AGAIN, ...linking];
  await check(toolchain.cargo, build, {
    cwd: root,
    env: { ...toolchain.env, CARGO_TARGET_DIR: targetDir, CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f") },
    log,
    onLine: note,
  });
  return join(targetDir, TARGET, "release", `${crate.replaceAll("-", "_")}.wasm`);
}

/**
 * Flags that keep this machine's folders out of what is compiled: a panic names its place as
 * `rustls-0.23.0/src/lib.rs`.
 *
 * @param {import("./rust.js").Toolchain} toolchain
 * @param {string} root
 * @param {string} log
 */
async function withoutOurPaths({ cargo, env }, root, log) {
  await check(cargo, ["fetch", "--locked", "--target", TARGET], { cwd: root, env, log }); // so that the folders are there
  const registries = join(process.env.CARGO_HOME || join(homedir(), ".cargo"), "registry", "src");
  const folders = existsSync(registries) ? readdirSync(registries).map((name) => join(registries, name)) : []; // or all is vendored
  return [root, ...folders].map((folder) => `--remap-path-prefix=${folder}/=`);
}
