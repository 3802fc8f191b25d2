/**
 * Programs in a worker of a page: the tests of tests/node that say the same of every runtime, in an
 * isolated page; those that wait, in the other modes too.
 */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { pageCommand, startPage } from "../../tests/micropython/page.js";
import { MODES, missingBrowser } from "../../tests/support/browser.js";
import { CACHE, ROOT } from "../lib/paths.js";
import { runNodeTests } from "./node.js";
import { shared } from "./shared.js";

export default {
  title: "Programs in a page: node --test",
  async run(title) {
    if (missingBrowser) return { passed: 0, failed: [], skipped: [{ name: title, reason: missingBrowser }] };
    const outcomes = [{ passed: 0, failed: [], skipped: shared.notInPage }];
    for (const mode of MODES) outcomes.push(await runIn(mode, `${title}, ${mode.mode}`));
    const all = (what) => outcomes.flatMap((outcome) => outcome[what]);
    return { passed: outcomes.reduce((sum, { passed }) => sum + passed, 0), failed: all("failed"), skipped: all("skipped") };
  },
};

async function runIn(mode, title) {
  const page = await startPage([tmpdir(), join(ROOT, "examples"), CACHE], mode);
  try {
    const env = { TEST_INTERPRETER: JSON.stringify(pageCommand(page.socket)), TEST_RUNTIME: "page" };
    return await runNodeTests(title, mode.isolate ? shared.inPage : shared.waiting, env);
  } finally {
    await page.stop();
  }
}
