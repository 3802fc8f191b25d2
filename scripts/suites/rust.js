/** The crate's own tests: cargo test. */

import { join } from "node:path";
import { readCargoTest } from "../lib/cargo-test-output.js";
import { ROOT, WORK } from "../lib/paths.js";
import { step } from "../lib/progress.js";
import { run } from "../lib/run.js";

const QUIET_LIMIT = 900; // seconds without a line; compiling one crate takes long on a small machine

export default {
  title: "Engine: cargo test",
  /** @param {string} title */
  run(title) {
    return step(title, async ({ note, result }) => {
      const { code, output } = await run("cargo", ["test", "--no-fail-fast"], {
        cwd: ROOT,
        log: join(WORK, "log", "cargo-test.log"),
        onLine: note,
        quietLimit: QUIET_LIMIT,
      });
      const outcome = readCargoTest(output);
      if (code !== 0 && !outcome.failed.length) {
        outcome.failed.push({ name: "cargo test", details: output.split("\n").slice(-60).join("\n") });
      }
      result(`${outcome.passed} passed`);
      return outcome;
    });
  },
};
