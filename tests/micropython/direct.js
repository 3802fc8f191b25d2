/** Runs tests of MicroPython's tree without a driver: a program, and what it has to print. */

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CommandFailed, run } from "../../scripts/lib/run.js";

/** @import { Verdict } from "./driver.js" */

const LIMIT = 60; // seconds for one test

/**
 * @param {string[]} files
 * @param {{folder: string, interpreter: string, note: (text: string) => void}} context
 * @returns {Promise<Map<string, Verdict>>} What came out, by test.
 */
export async function runDirectly(files, { folder, interpreter, note }) {
  /** @type {Map<string, Verdict>} */
  const verdicts = new Map();
  for (const file of files) {
    note(file);
    verdicts.set(file, await runOne(join(folder, file), interpreter));
  }
  return verdicts;
}

/** @param {string} file @param {string} interpreter @returns {Promise<Verdict>} */
async function runOne(file, interpreter) {
  try {
    const printed = await outputOf(interpreter, file);
    if (printed === "SKIP\n") return { result: "skip" };
    // Where MicroPython has no expected output beside the test, CPython's is.
    const expected = existsSync(`${file}.exp`) ? readFileSync(`${file}.exp`, "utf8") : await outputOf("python3", file);
    if (printed === expected) return { result: "pass" };
    return { result: "fail", details: `printed:\n${printed}\nexpected:\n${expected}` };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return { result: "fail", details: [error.message, ...error.tail].join("\n") };
  }
}

/** @param {string} program @param {string} file */
async function outputOf(program, file) {
  const env = { MICROPYPATH: ".frozen:../extmod", PYTHONPATH: dirname(file) };
  return (await run(program, [basename(file)], { cwd: dirname(file), env, timeout: LIMIT })).output;
}
