/** Formatting and lints of the Rust code. */

import { step } from "../lib/progress.js";
import { ROOT } from "../lib/paths.js";
import { ask, run } from "../lib/run.js";

const CHECKS = [
  { name: "cargo fmt", tool: "fmt", args: ["fmt", "--all", "--check"] },
  { name: "cargo clippy", tool: "clippy", args: ["clippy", "--all-targets", "--features", "web", "--", "-D", "warnings"] },
];

export default {
  title: "Formatting and lints",
  async run(title) {
    const outcome = { passed: 0, failed: [], skipped: [] };
    await step(title, async ({ note, result }) => {
      for (const { name, tool, args } of CHECKS) {
        note(name);
        if (!ask("cargo", [tool, "--version"])) {
          outcome.skipped.push({ name, reason: "this Rust toolchain does not have it" });
          continue;
        }
        const { code, output } = await run("cargo", args, { cwd: ROOT });
        if (code === 0) outcome.passed++;
        else outcome.failed.push({ name, details: output.split("\n").slice(0, 200).join("\n") });
      }
      result(outcome.failed.length ? "failed" : "clean");
    });
    return outcome;
  },
};
