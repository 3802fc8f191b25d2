/**
 * Looks for known vulnerabilities, licences and sources of what is depended on: `npm run audit`.
 */

import { audit } from "./lib/auditing.js";
import { runMain, step } from "./lib/progress.js";

await runMain(async () => {
  const outcome = await step("Dependencies", ({ note }) => audit(note));
  for (const { name, details } of outcome.failed) console.log(`\n✗ ${name}\n${details}`);
  for (const { name, reason } of outcome.skipped) console.log(`not looked at: ${name}: ${reason}`);
  console.log(`${outcome.passed} passed, ${outcome.failed.length} failed, ${outcome.skipped.length} skipped`);
  return outcome.failed.length ? 1 : 0;
});
