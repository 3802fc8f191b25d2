/**
 * Programs in a worker of a page: the tests of tests/node that say the same of every runtime, in an
 * isolated page; those that wait, in the other modes too.
 */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { pageCommand, startPage } from "../../tests/micropython/page.js";
import { MODES, missingBrowser } from "../../tests/support/browser.js";
import { emptyOutcome, skippedOutcome } from "../lib/outcome.js";
import { CACHE, ROOT } from "../lib/paths.js";
import { runNodeTests } from "./node.js";
import { shared } from "./shared.js";

export default {
  title: "Programs in a page: node --test",
  /** @param {string} title */
  async run(title) {
    if (missingBrowser) return skippedOutcome(title, missingBrowser);
    const outcome = { ...emptyOutcome(), skipped: [...shared.notInPage] };
    for (const mode of MODES) {
      const { passed, failed, skipped } = await runIn(mode, `${title}, ${mode.mode}`);
      outcome.passed += passed;
      outcome.failed.push(...failed);
      outcome.skipped.push(...skipped);
    }
    return outcome;
  },
};

/** @param {typeof MODES[0]} mode @param {string} title */
async function runIn(mode, title) {
  const page = await startPage([tmpdir(), join(ROOT, "examples"), CACHE], mode);
  try {
    const env = { TEST_INTERPRETER: JSON.stringify(pageCommand(page.socket)), TEST_RUNTIME: "page" };
    return await runNodeTests(title, mode.isolate ? shared.inPage : shared.waiting, env);
  } finally {
    await page.stop();
  }
}
