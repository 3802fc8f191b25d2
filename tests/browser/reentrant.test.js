/**
 * The same as tests/node/reentrant.test.js in npm's MicroPython, which pages run on their own
 * thread.
 */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { missingBrowser, runIn } from "../support/browser.js";
import { FILES, PROGRAMS } from "../support/reentrant.js";
import { Site } from "../support/site.js";

/** @import { TestPage } from "../support/browser.js" */

describe("a program on a page's thread", { skip: missingBrowser }, () => {
  const site = new Site({ isolate: false });
  /** @type {TestPage} */
  let page;
  before(async () => {
    page = await site.open();
    const files = Object.fromEntries(Object.entries(FILES).map(([name, bytes]) => [`/${name}`, new Uint8Array(bytes)]));
    await page.evaluate((files) => window.start({ mode: "async", files }), files);
  });

  for (const { title, source, check } of PROGRAMS) {
    test(title, async () => {
      const { exit, out } = await runIn(page, source);
      assert.equal(exit, 0, out);
      check(out.trimEnd().split("\n"));
      assert.deepEqual(page.problems, []);
    });
  }
});
