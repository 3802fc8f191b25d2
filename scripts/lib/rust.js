/**
 * A Rust toolchain that compiles for wasm32-unknown-unknown: rustup's ready-made target, or else a
 * compiler with the standard library's source (as in Debian's packages), which builds the standard
 * library along with the crate.
 */

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { canInstall, install, installCommand } from "./apt.js";
import { ROOT } from "./paths.js";
import { Problem } from "./progress.js";
import { CommandFailed, ask, check, which } from "./run.js";
import { tools } from "./tools.js";

export const TARGET = "wasm32-unknown-unknown";

const RUSTUP_LIMIT = 60; // seconds; where it cannot download it would hang for minutes

/**
 * @typedef {object} Toolchain
 * @property {string} description For messages.
 * @property {string} cargo The program to run.
 * @property {string[]} args Arguments that `cargo build` needs besides `--target`.
 * @property {NodeJS.ProcessEnv} env What its environment needs.
 *
 * @typedef {{rustc: string, sysroot: string, version: string, host: string, llvm: string}} Compiler
 */

/**
 * The toolchain that is there already.
 *
 * @returns {Toolchain | undefined}
 */
export function findWasmToolchain() {
  const candidates = [which("rustc") ?? "", "/usr/bin/rustc"].filter((path) => existsSync(path));
  const compilers = [...new Set(candidates)].flatMap(inspect).filter(({ version }) => recentEnough(version));
  return compilers.map(readyMade).find(Boolean) ?? compilers.map((compiler) => fromSource(compiler, compilers)).find(Boolean);
}

/**
 * The toolchain, once set-up is complete.
 *
 * @returns {Toolchain}
 */
export function wasmToolchain() {
  const toolchain = findWasmToolchain();
  if (!toolchain) throw new Problem(`No Rust toolchain here compiles for ${TARGET}: npm run setup`);
  return toolchain;
}

/**
 * Gets a toolchain: by rustup, or by apt.
 *
 * @param {string} log
 * @param {(text: string) => void} note
 * @returns {Promise<Toolchain>}
 * @throws {Problem} with what the user can do, when there is no way to get one.
 */
export async function installWasmToolchain(log, note) {
  if (which("rustup")) {
    note("rustup target add");
    try {
      await check("rustup", ["target", "add", TARGET], { cwd: ROOT, log, timeout: RUSTUP_LIMIT });
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
    }
    const toolchain = findWasmToolchain();
    if (toolchain) return toolchain;
  }
  const packages = tools.apt.wasm;
  if (canInstall()) {
    await install(packages, log, note);
    if (!findWasmToolchain()) await install(tools.apt.linker, log, note);
    const toolchain = findWasmToolchain();
    if (toolchain) return toolchain;
  }
  throw new Problem(
    `No Rust toolchain (${minimumVersion()} or newer) here compiles for ${TARGET}. Any one of these gives one:\n` +
      `    rustup target add ${TARGET}\n` +
      `    ${installCommand(packages)}`,
  );
}

/** The oldest Rust that the crate compiles with, from Cargo.toml. */
function minimumVersion() {
  return /^rust-version = "(.*)"/m.exec(readFileSync(join(ROOT, "Cargo.toml"), "utf8"))?.[1] ?? "1.85";
}

/** @param {string} version */
function recentEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  const [wantedMajor, wantedMinor] = minimumVersion().split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** What a compiler says about itself. @param {string} rustc @returns {Compiler[]} */
function inspect(rustc) {
  const about = ask(rustc, ["-vV"]);
  const sysroot = ask(rustc, ["--print", "sysroot"]);
  if (!about || !sysroot) return [];
  /** @param {string} name */
  const field = (name) => new RegExp(`^${name}: (.*)$`, "m").exec(about)?.[1] ?? "";
  return [{ rustc, sysroot, version: field("release"), host: field("host"), llvm: field("LLVM version").split(".")[0] }];
}

/** @param {Compiler} compiler @returns {Toolchain | undefined} */
function readyMade({ rustc, sysroot, version }) {
  const libraries = join(sysroot, "lib/rustlib", TARGET, "lib");
  if (!existsSync(libraries) || !readdirSync(libraries).some((name) => name.startsWith("libstd-"))) return undefined;
  return { description: `Rust ${version}`, cargo: beside(rustc), args: [], env: rustc === which("rustc") ? {} : { RUSTC: rustc } };
}

/** @param {Compiler} compiler @param {Compiler[]} compilers @returns {Toolchain | undefined} */
function fromSource({ rustc, sysroot, version, llvm }, compilers) {
  if (!existsSync(join(sysroot, "lib/rustlib/src/rust/library/Cargo.lock"))) return undefined;
  const linker = findLinker(compilers, llvm);
  if (!linker) return undefined;
  return {
    description: `Rust ${version}, standard library from source`,
    cargo: beside(rustc),
    args: ["-Zbuild-std=std,panic_abort"],
    env: {
      RUSTC: rustc,
      RUSTC_BOOTSTRAP: "1", // build-std is unstable
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: linker,
    },
  };
}

/** @param {Compiler[]} compilers @param {string} llvm */
function findLinker(compilers, llvm) {
  const bundled = compilers.map(({ sysroot, host }) => join(sysroot, "lib/rustlib", host, "bin/rust-lld"));
  return bundled.find((path) => existsSync(path)) ?? which("rust-lld") ?? which(`wasm-ld-${llvm}`) ?? which("wasm-ld");
}

/** @param {string} rustc */
function beside(rustc) {
  const cargo = join(dirname(rustc), "cargo");
  return existsSync(cargo) ? cargo : "cargo";
}
