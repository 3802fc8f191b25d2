/** MicroPython's own tests in a page: tests/micropython. */

import { join } from "node:path";
import { pageRunner } from "../../tests/micropython/interpreters.js";
import { startPage } from "../../tests/micropython/page.js";
import { missingBrowser } from "../../tests/support/browser.js";
import { skippedOutcome } from "../lib/outcome.js";
import { runListed, testedTree } from "./micropython.js";

export default {
  title: "MicroPython's own tests in a page",
  /** @param {string} title */
  async run(title) {
    if (missingBrowser) return skippedOutcome(title, missingBrowser);
    const page = await startPage([join(await testedTree(), "tests")]);
    try {
      return await runListed(title, "expectations.json", { interpreter: pageRunner(page.socket), runtime: "page" });
    } finally {
      await page.stop();
    }
  },
};
