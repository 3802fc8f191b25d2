/** MicroPython's own tests on the Node runner: tests/micropython. */

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, WORK } from "../lib/paths.js";
import { Problem, step } from "../lib/progress.js";
import { which } from "../lib/run.js";
import { source } from "../lib/source.js";
import { runMicroPythonTests } from "../../tests/micropython/driver.js";

const FOLDER = join(WORK, "micropython-tests");

export default {
  title: "MicroPython's own tests on the Node runner",
  run(title) {
    return step(title, async ({ note, result }) => {
      const expectations = JSON.parse(readFileSync(join(ROOT, "tests/micropython/expectations.json"), "utf8"));
      const missing = await prerequisites(note);
      if (missing.reason) return { passed: 0, failed: [], skipped: [{ name: title, reason: missing.reason }] };
      const outcome = await runMicroPythonTests({
        source: missing.source,
        interpreter,
        expectations,
        results: join(FOLDER, "results"),
        note,
      });
      result(`${outcome.passed} passed`);
      return outcome;
    });
  },
};

/** @returns {Promise<{source?: string, reason?: string}>} The source tree, or why there is none. */
async function prerequisites(note) {
  if (!which("python3")) return { reason: "Python 3 is not on PATH" };
  try {
    return { source: await source("micropython", note) };
  } catch (error) {
    if (error instanceof Problem) return { reason: error.message };
    throw error;
  }
}

/** The Node runner as one program, as MicroPython's drivers want it. */
function interpreter(options) {
  const path = join(FOLDER, ["micropython", ...options].join("").replace(/[^\w.=-]/g, ""));
  const words = [process.execPath, join(ROOT, "web/node/cli.js"), ...options];
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(path, `#!/bin/sh\nexec ${words.map((word) => `"${word}"`).join(" ")} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}
