/** The JavaScript tests: tests/node, by Node's own test runner. */

import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { BUILD_NAMES, buildCores } from "../../tests/support/crypto-cores.js";
import { emptyOutcome } from "../lib/outcome.js";
import { ROOT, WORK } from "../lib/paths.js";
import { Problem, step } from "../lib/progress.js";
import { referenceMicroPython } from "../lib/reference-micropython.js";
import { run } from "../lib/run.js";

/** @import { Event } from "../lib/node-test-reporter.js" */

const TESTS = join(ROOT, "tests", "node");
const REPORTER = new URL("../lib/node-test-reporter.js", import.meta.url).href;
const QUIET_LIMIT = 300; // seconds without a test ending

export default {
  title: "JavaScript and MicroPython programs: node --test",
  /** @param {string} title */
  async run(title) {
    await step("What tests in JavaScript take long to build", prepare);
    return runNodeTests(title, testFiles(TESTS));
  },
};

/**
 * Builds it before the tests. In a test it would look as if the test stood still.
 *
 * @param {{note: (text: string) => void}} progress
 */
async function prepare({ note }) {
  try {
    await referenceMicroPython(note);
  } catch (error) {
    if (!(error instanceof Problem)) throw error; // tests say that they lacked it
  }
  for (const build of BUILD_NAMES) {
    note(`crypto cores, ${build}`);
    await buildCores(build);
  }
}

/**
 * Runs test files of node:test as one step.
 *
 * @param {string} title
 * @param {string[]} files
 * @param {NodeJS.ProcessEnv} [env] Added to the environment.
 * @returns {Promise<import("../lib/outcome.js").Outcome>}
 */
export function runNodeTests(title, files, env = {}) {
  return step(title, async ({ note, result }) => {
    const outcome = emptyOutcome();
    if (!files.length) return outcome;
    const { code, output } = await run(process.execPath, ["--test", "--test-reporter", REPORTER, ...files], {
      cwd: ROOT,
      env: { NODE_TEST_CONTEXT: undefined, ...env },
      log: join(WORK, "log", "node-test.log"),
      quietLimit: QUIET_LIMIT,
      onLine(line) {
        const event = parse(line);
        if (!event) return;
        note(event.name);
        if (event.result === "passed") outcome.passed++;
        else if (event.result === "skipped") outcome.skipped.push({ name: nameOf(event), reason: event.reason ?? "" });
        else outcome.failed.push({ name: nameOf(event), details: event.details });
      },
    });
    if (code !== 0 && !outcome.failed.length) {
      outcome.failed.push({ name: title, details: output.split("\n").slice(-40).join("\n") });
    }
    result(`${outcome.passed} passed`);
    return outcome;
  });
}

/**
 * @param {string} folder
 * @returns {string[]} The test files in it and below.
 */
export function testFiles(folder) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.js"))
    .sort()
    .map((name) => join(folder, name));
}

/** @param {string} line @returns {Event | undefined} */
function parse(line) {
  try {
    return line.startsWith("{") ? JSON.parse(line) : undefined;
  } catch {
    return undefined; // a test's own output
  }
}

/** @param {Event} event */
function nameOf({ name, file }) {
  const path = file?.startsWith("file:") ? fileURLToPath(file) : file;
  return path ? `${relative(ROOT, path)}: ${name}` : name;
}
