/**
 * Formatting, lints and dependencies of the Rust code; types, exports and dependencies of the
 * JavaScript.
 */

import { join, relative } from "node:path";

import { RUSTFLAGS as COMPONENT_RUSTFLAGS } from "../component.js";
import { writeComponentTypes } from "../lib/component-types.js";
import { emptyOutcome } from "../lib/outcome.js";
import { step } from "../lib/progress.js";
import { ROOT } from "../lib/paths.js";
import { ask, run } from "../lib/run.js";
import { TARGET, findWasmToolchain } from "../lib/rust.js";
import { obtain } from "../lib/wheel.js";

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {string} [command] Cargo unless told.
 * @property {string} [tool] The command of Cargo that has to be there.
 * @property {string[]} args
 * @property {NodeJS.ProcessEnv} [env]
 * @property {() => boolean} [available] Whether it can be run here.
 */

/**
 * Clippy runs procedural macros once: optimising them, as tests want of dependencies, takes longer
 * than it saves.
 */
const UNOPTIMISED = ["--config", 'profile.dev.package."*".opt-level=0'];

/**
 * Clippy for what is compiled for wasm only.
 *
 * @param {string} what
 * @param {string[]} args
 * @param {string} folder
 * @param {string} rustflags
 * @returns {Check}
 */
const forWasm = (what, args, folder, rustflags) => ({
  name: `cargo clippy for ${what}`,
  tool: "clippy",
  args: ["clippy", ...UNOPTIMISED, ...args, "--target", TARGET, "--target-dir", `target/${folder}/lint`, "--", "-D", "warnings"],
  env: { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: rustflags, RUSTFLAGS: undefined },
  // Clippy cannot be had for a standard library that is built along with the crate.
  available: () => findWasmToolchain()?.args.length === 0,
});

/** TypeScript 7 is ten times as fast as 5.9, which the tests of the published types use too. */
const TSC = join(ROOT, "node_modules", "typescript-7", "bin", "tsc");
const KNIP = join(ROOT, "node_modules", "knip", "bin", "knip.js");

/** @type {Check[]} */
const CHECKS = [
  { name: "tsc", command: process.execPath, args: [TSC, "--project", ROOT] },
  { name: "knip", command: process.execPath, args: [KNIP, "--directory", ROOT] },
  { name: "comments of 100 columns", command: process.execPath, args: [join(ROOT, "scripts", "wrap.js"), "--check"] },
  { name: "cargo fmt", tool: "fmt", args: ["fmt", "--all", "--check"] },
  { name: "cargo clippy", tool: "clippy", args: ["clippy", ...UNOPTIMISED, "--all-targets", "--features", "micropython-ssl/web", "--", "-D", "warnings"] },
  forWasm("the vector cores", ["-p", "micropython-ssl-ciphers", "-p", "crypto-cores"], "crypto-cores", "-C target-feature=+simd128"),
  forWasm("components", ["-p", "component-rust", "-p", "micropython-ssl", "--features", "micropython-ssl/component"], "component", COMPONENT_RUSTFLAGS),
];

/** Finds dependencies that no code uses: of the crates, and of the fuzz targets. */
const UNUSED = [ROOT, join(ROOT, "fuzz")].map((folder) => ({
  name: `cargo shear ${relative(ROOT, folder)}`.trim(),
  args: ["--locked", "--deny-warnings", folder],
}));

/** Cargo says so where it cannot fetch what other systems' builds depend on. */
const UNREACHABLE = /failed to (download|get|fetch)|unable to update registry/i;

export default {
  title: "Formatting and lints",
  /** @param {string} title */
  async run(title) {
    const outcome = emptyOutcome();
    /** @param {string} name @param {{code: number, output: string}} ended */
    const record = (name, { code, output }) => {
      if (code === 0) outcome.passed++;
      else outcome.failed.push({ name, details: output.split("\n").slice(0, 200).join("\n") });
    };
    await writeComponentTypes(); // which the component's example and tests use
    await step(title, async ({ note, result }) => {
      for (const { name, command = "cargo", tool, args, env, available = () => true } of CHECKS) {
        note(name);
        if (!available() || (tool && !ask(command, [tool, "--version"]))) {
          outcome.skipped.push({ name, reason: "this Rust toolchain does not have it" });
          continue;
        }
        record(name, await run(command, args, { cwd: ROOT, env, onLine: (line) => note(`${name}: ${line.trim()}`) }));
      }
      const { program, reason } = await obtain("cargo-shear", note);
      for (const { name, args } of UNUSED) {
        const looked = program ? await run(program, args, { cwd: ROOT }) : undefined;
        if (!looked) outcome.skipped.push({ name, reason: reason ?? "" });
        else if (UNREACHABLE.test(looked.output)) outcome.skipped.push({ name, reason: "crates.io cannot be reached" });
        else record(name, looked);
      }
      result(outcome.failed.length ? "failed" : "clean");
    });
    return outcome;
  },
};
