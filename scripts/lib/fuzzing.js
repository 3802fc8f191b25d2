/**
 * Fuzzing: libFuzzer over the targets of fuzz/ in Rust, built by any Rust compiler; no nightly, no
 * cargo-fuzz. javascript-fuzzer.js does the same for those in JavaScript.
 */

import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT, WORK } from "./paths.js";
import { Problem } from "./progress.js";
import { ask, check, run, which } from "./run.js";

const FOLDER = join(ROOT, "fuzz");
const IN_JAVASCRIPT = readdirSync(join(FOLDER, "javascript")).map((name) => name.replace(/\.js$/, ""));
/** What fuzzing finds is kept here, beside the corpus of the repository. */
const FOUND = join(WORK, "fuzz");
const QUIET_LIMIT = 900; // seconds without a line; compiling one crate takes long on a small machine
const LONGEST_INPUT = 4096; // bytes
const LONGEST_RUN = 20; // seconds for one input, after which it counts as one that does not end

/**
 * What libFuzzer needs to see which branches an input takes; entropy is a function of the input.
 */
const RUSTFLAGS = [
  "-Cpasses=sancov-module",
  "-Cllvm-args=-sanitizer-coverage-level=4",
  "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
  "-Cllvm-args=-sanitizer-coverage-pc-table",
  "-Cllvm-args=-sanitizer-coverage-trace-compares",
  "-Ccodegen-units=1",
  '--cfg=getrandom_backend="custom"',
].join(" ");

/** @returns {string[]} The targets' names. */
export function targets() {
  const inRust = [...readFileSync(join(FOLDER, "Cargo.toml"), "utf8").matchAll(/^\[\[bin\]\]\nname = "(.*)"/gm)].map(([, name]) => name);
  return [...inRust, ...IN_JAVASCRIPT];
}

/** @returns {string | undefined} Why nothing can be fuzzed here. */
export function whyNot() {
  if (process.platform !== "linux") return `libFuzzer is set up for Linux, not for ${process.platform}`;
  if (!which("c++") && !which("g++") && !which("clang++")) return "libFuzzer needs a C++ compiler";
  if (!ask("rustc", ["-vV"])) return "there is no Rust compiler";
  return undefined;
}

/**
 * Builds all targets in Rust.
 *
 * @param {(line: string) => void} note
 */
export async function buildTargets(note) {
  const args = ["build", "--release", "--locked", "--target", host()];
  await check("cargo", args, { cwd: FOLDER, env: { RUSTFLAGS }, log: join(WORK, "log", "fuzz.log"), onLine: note, quietLimit: QUIET_LIMIT });
}

/**
 * Runs one target.
 *
 * @param {string} target
 * @param {number} time In seconds.
 * @param {(line: string) => void} note
 * @returns {Promise<{runs: number, failure?: string}>} How many inputs it tried, and what was wrong
 *   with one: what it printed, and in which file the input is.
 */
export async function fuzz(target, time, note) {
  const found = join(FOUND, target);
  mkdirSync(found, { recursive: true });
  const seconds = Math.max(1, Math.round(time));
  const corpora = [found, join(FOLDER, "corpus", target)];
  const [program, ...args] = IN_JAVASCRIPT.includes(target)
    ? [process.execPath, fileURLToPath(new URL("javascript-fuzzer.js", import.meta.url)), target, String(seconds), ...corpora]
    : [
        join(FOLDER, "target", host(), "release", target),
        `-max_total_time=${seconds}`,
        `-max_len=${LONGEST_INPUT}`,
        `-timeout=${LONGEST_RUN}`,
        `-artifact_prefix=${FOUND}/${target}-`,
        ...corpora,
      ];
  const { code, output } = await run(program, args, { cwd: FOLDER, onLine: note });
  const runs = Number(/Done (\d+) runs/.exec(output)?.[1] ?? 0);
  if (code !== 0) return { runs, failure: output.split("\n").slice(-40).join("\n") };
  return runs ? { runs } : { runs, failure: `it tried nothing:\n${output}` };
}

/**
 * @param {string[]} names What a user asked for; none is all.
 * @throws {Problem} for a name that is no target.
 */
export function chosenTargets(names) {
  const all = targets();
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length) throw new Problem(`No target ${unknown.join(", ")}; there are: ${all.join(", ")}.`);
  return names.length ? names : all;
}

/** The platform that the compiler is for. */
function host() {
  const platform = /^host: (.*)$/m.exec(ask("rustc", ["-vV"]) ?? "")?.[1];
  if (!platform) throw new Problem("rustc does not say for which platform it compiles");
  return platform;
}
