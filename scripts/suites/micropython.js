/** MicroPython's own tests on the Node runner: tests/micropython. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runMicroPythonTests } from "../../tests/micropython/driver.js";
import { nodeRunner } from "../../tests/micropython/interpreters.js";
import { skippedOutcome } from "../lib/outcome.js";
import { ROOT, WORK } from "../lib/paths.js";
import { Problem, step } from "../lib/progress.js";
import { which } from "../lib/run.js";
import { source } from "../lib/source.js";

const FOLDER = join(ROOT, "tests", "micropython");

export default {
  title: "MicroPython's own tests on the Node runner",
  /** @param {string} title */
  run(title) {
    return runListed(title, "expectations.json");
  },
};

/**
 * Runs the tests of a list as one step.
 *
 * @param {string} title
 * @param {string} list A file of tests/micropython.
 * @param {object} [options]
 * @param {(note: (text: string) => void) => Promise<string>} [options.peer] Gets the interpreter
 *   that is the other end.
 * @param {(settings: string[]) => string} [options.interpreter] The one to test; by default the
 *   Node runner.
 * @param {"node" | "wasmtime" | "page"} [options.runtime] Where that runs.
 * @returns {Promise<import("../lib/outcome.js").Outcome>}
 */
export function runListed(title, list, { peer, interpreter = nodeRunner, runtime = "node" } = {}) {
  return step(title, async ({ note, result }) => {
    const expectations = JSON.parse(readFileSync(join(FOLDER, list), "utf8"));
    const results = join(WORK, "micropython-tests", `${runtime}-${list.replace(".json", "")}`);
    let trees;
    try {
      if (!which("python3")) throw new Problem("Python 3 is not on PATH");
      trees = { source: await source("micropython", note), peer: await peer?.(note) };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return skippedOutcome(title, error.message);
    }
    const outcome = await runMicroPythonTests({ interpreter, runtime, expectations, results, note, ...trees });
    result(`${outcome.passed} passed`);
    return outcome;
  });
}
