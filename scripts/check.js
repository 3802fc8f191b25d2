/**
 * Formatting, lints, types and unused code, for every commit: `npm run check`. Tests are
 * `npm test`.
 */

import { build } from "./build.js";
import { runMain } from "./lib/progress.js";
import { setUp } from "./setup.js";
import lint from "./suites/lint.js";

await runMain(async () => {
  await setUp({ wasi: true });
  await build(); // the engine's types are made with it
  const { passed, failed, skipped } = await lint.run(lint.title);
  for (const { name, details } of failed) console.log(`\n✗ ${name}\n${details}`);
  for (const { name, reason } of skipped) console.log(`not looked at: ${name}: ${reason}`);
  console.log(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  return failed.length ? 1 : 0;
});
