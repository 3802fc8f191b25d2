/**
 * Our unsafe code under Miri, which sees every access to memory that is not allowed: tests/unsafe.
 */

import { join } from "node:path";
import { readCargoTest } from "../lib/cargo-test-output.js";
import { skippedOutcome } from "../lib/outcome.js";
import { ROOT, WORK } from "../lib/paths.js";
import { step } from "../lib/progress.js";
import { ask, run, which } from "../lib/run.js";

const INSTALL_LIMIT = 120; // seconds; where rustup cannot download it would hang for minutes
const QUIET_LIMIT = 900; // seconds without a line; compiling one crate takes long on a small machine
const log = join(WORK, "log", "miri.log");

export default {
  title: "Unsafe code: Miri",
  /** @param {string} title */
  run(title) {
    return step(title, async ({ note, result }) => {
      if (!(await hasMiri(note))) {
        const reason = "Miri needs Rust's nightly: rustup toolchain install nightly --profile minimal --component miri,rust-src";
        return skippedOutcome(title, reason);
      }
      const { code, output } = await run("cargo", ["+nightly", "miri", "test", "-p", "unsafe-code"], {
        cwd: ROOT,
        env: { CARGO_TARGET_DIR: join(ROOT, "target/miri") }, // apart, since it is another compiler's
        log,
        onLine: note,
        quietLimit: QUIET_LIMIT,
      });
      const outcome = readCargoTest(output);
      if (code !== 0 && !outcome.failed.length) {
        outcome.failed.push({ name: "cargo miri test", details: output.split("\n").slice(-60).join("\n") });
      }
      result(`${outcome.passed} passed`);
      return outcome;
    });
  },
};

/** Is Miri here? Where rustup is, it is asked for it. @param {(text: string) => void} note */
async function hasMiri(note) {
  const isHere = () => ask("cargo", ["+nightly", "miri", "--version"]) !== undefined;
  if (isHere()) return true;
  if (!which("rustup")) return false;
  note("rustup toolchain install nightly");
  const args = ["toolchain", "install", "nightly", "--profile", "minimal", "--component", "miri,rust-src"];
  await run("rustup", args, { cwd: ROOT, log, onLine: note, timeout: INSTALL_LIMIT }).catch(() => undefined); // then it is a skip
  return isHere();
}
