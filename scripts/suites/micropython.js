/** MicroPython's own tests on the Node runner: tests/micropython. */

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runMicroPythonTests } from "../../tests/micropython/driver.js";
import { nodeRunner } from "../../tests/micropython/interpreters.js";
import { skippedOutcome } from "../lib/outcome.js";
import { ROOT, WORK } from "../lib/paths.js";
import { Problem, step } from "../lib/progress.js";
import { which } from "../lib/run.js";
import { source } from "../lib/source.js";

const FOLDER = join(ROOT, "tests", "micropython");

/** Tests of what is this project's; the rest of the interpreter is of the version that we build. */
const OURS = /^(extmod\/(asyncio|select|socket|ssl|tls)_|multi_net\/|net_hosted\/)/;

export default {
  title: "MicroPython's own tests on the Node runner",
  /** @param {string} title */
  run(title) {
    return runListed(title, "expectations.json");
  },
};

/**
 * The tree whose tests run: the one that we build, or the checkout that MICROPYTHON_TESTS names.
 *
 * @param {(text: string) => void} [note]
 */
export async function testedTree(note) {
  const named = process.env.MICROPYTHON_TESTS;
  if (!named) return source("micropython", note);
  if (existsSync(join(named, "tests", "run-tests.py"))) return resolve(named);
  throw new Error(`MICROPYTHON_TESTS=${named}: expected a checkout of MicroPython`);
}

/**
 * Runs the tests of a list as one step. Of another checkout, only those of what is ours.
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
    const only = process.env.MICROPYTHON_TESTS ? OURS : undefined;
    let trees;
    try {
      if (!which("python3")) throw new Problem("Python 3 is not on PATH");
      trees = { source: await testedTree(note), peer: await peer?.(note) };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return skippedOutcome(title, error.message);
    }
    const outcome = await runMicroPythonTests({ interpreter, runtime, expectations, only, results, note, ...trees });
    result(`${outcome.passed} passed`);
    return outcome;
  });
}
