/**
 * How much of the engine its own tests run, by lines: `npm run coverage`. What is compiled for wasm
 * only (bindings, vector instructions) is tested there and not counted.
 */

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { ROOT, WORK } from "./lib/paths.js";
import { Problem, runMain, step } from "./lib/progress.js";
import { ask, check } from "./lib/run.js";

/** @typedef {{percent: number, covered: number, count: number}} Lines */

const LEAST = 90; // per cent of all lines
const FOLDER = join(WORK, "coverage");
const QUIET_LIMIT = 900; // seconds without a line; compiling one crate takes long on a small machine
const ELSEWHERE = "src/bindings|src/simd|/tests/|/fuzz/|[.]cargo|rustc/";

await runMain(async () => {
  const tools = llvmTools();
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const programs = await step("Tests with coverage", ({ note }) => runTests(note));
  const profile = join(FOLDER, "all.profdata");
  const raw = readdirSync(FOLDER).filter((name) => name.endsWith(".profraw")).map((name) => join(FOLDER, name));
  await check(join(tools, "llvm-profdata"), ["merge", "-sparse", ...raw, "-o", profile]);
  const objects = programs.flatMap((program) => ["-object", program]);
  const args = ["export", "-summary-only", `-ignore-filename-regex=${ELSEWHERE}`, `-instr-profile=${profile}`, ...objects];
  const { files, totals } = JSON.parse(await check(join(tools, "llvm-cov"), args)).data[0];
  /** @type {[string, Lines][]} */
  const rows = files.map((/** @type {{filename: string, summary: {lines: Lines}}} */ { filename, summary }) => [relative(ROOT, filename), summary.lines]);
  for (const [name, lines] of rows.filter(([name]) => /^(src|crates)\//.test(name)).sort(([, a], [, b]) => a.percent - b.percent)) {
    console.log(`${lines.percent.toFixed(1).padStart(6)} %  ${String(lines.covered).padStart(5)} of ${String(lines.count).padStart(5)}  ${name}`);
  }
  console.log(`${totals.lines.percent.toFixed(1).padStart(6)} %  of all ${totals.lines.count} lines; at least ${LEAST} are wanted`);
  return totals.lines.percent < LEAST ? 1 : 0;
});

/** The LLVM tools that fit the compiler. */
function llvmTools() {
  const sysroot = ask("rustc", ["--print", "sysroot"])?.trim();
  const host = /^host: (.*)$/m.exec(ask("rustc", ["-vV"]) ?? "")?.[1];
  const folder = join(sysroot ?? "", "lib/rustlib", host ?? "", "bin");
  if (!existsSync(join(folder, "llvm-profdata"))) {
    throw new Problem("Coverage needs the LLVM tools of this Rust compiler: rustup component add llvm-tools");
  }
  return folder;
}

/**
 * @param {(text: string) => void} note
 * @returns {Promise<string[]>} The programs that the tests are.
 */
async function runTests(note) {
  // Only our own crates count, so that the others are not slower.
  const wrapper = join(FOLDER, "rustc");
  writeFileSync(wrapper, '#!/bin/sh\nexec "$@" -Cinstrument-coverage\n', { mode: 0o755 });
  const env = {
    RUSTC_WORKSPACE_WRAPPER: wrapper,
    CARGO_TARGET_DIR: join(ROOT, "target/coverage"), // apart, since other tests would replace the programs meanwhile
    LLVM_PROFILE_FILE: join(FOLDER, "%p-%m.profraw"),
  };
  const options = { cwd: ROOT, env, log: join(WORK, "log", "coverage.log"), onLine: note, quietLimit: QUIET_LIMIT };
  const output = await check("cargo", ["test", "--no-fail-fast"], options);
  return [...output.matchAll(/^ +Running .* \((.*)\)$/gm)].map(([, path]) => resolve(ROOT, path));
}
