/**
 * Tests that take hours: `npm run test:long` runs all of tests/long,
 * `npm run test:long -- 0.01 Node wasmtime` a hundredth of the loads, and only what has one of
 * these words in its name.
 */

import { join } from "node:path";
import { build } from "./build.js";
import { ROOT } from "./lib/paths.js";
import { Problem, runMain } from "./lib/progress.js";
import { runInForeground } from "./lib/run.js";
import { buildMicroPython } from "./micropython-wasi.js";
import { setUp } from "./setup.js";
import { testFiles } from "./suites/node.js";

await runMain(async () => {
  const [first, ...others] = process.argv.slice(2);
  const scaled = first !== undefined && !Number.isNaN(Number(first));
  const words = scaled ? others : process.argv.slice(2);
  if (scaled && !(Number(first) > 0 && Number(first) <= 1)) throw new Problem(`${first} is no part of the loads: expected more than 0, at most 1`);
  await setUp({ tests: true });
  await build();
  await buildMicroPython();
  process.env.LONG_SCALE = scaled ? first : "1";
  const chosen = words.map((word) => `--test-name-pattern=${word}`);
  return runInForeground(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...chosen, ...testFiles(join(ROOT, "tests", "long"))], ROOT);
});
