/**
 * The same as tests/node/reentrant.test.js in npm's MicroPython, which pages run on their own
 * thread.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missingBrowser, openPage, serveTestPages, startBrowser } from "../support/browser.js";
import { FILES, PROGRAMS } from "../support/reentrant.js";

describe("a program on a page's thread", { skip: missingBrowser }, () => {
  let server;
  let browser;
  let page;
  before(async () => {
    server = await serveTestPages({ isolate: false });
    browser = await startBrowser();
    page = await openPage(browser, server);
    const files = Object.entries(FILES).map(([name, bytes]) => [`/${name}`, [...bytes]]);
    await page.evaluate(
      (files) => window.start({ mode: "async", files: Object.fromEntries(files.map(([name, bytes]) => [name, Uint8Array.from(bytes)])) }),
      files,
    );
  });
  after(async () => {
    await browser?.stop();
    await server?.close();
  });

  for (const { title, source, check } of PROGRAMS) {
    test(title, async () => {
      const { exit, out } = await page.evaluate((source) => window.run(source), source);
      assert.equal(exit, 0, out);
      check(out.trimEnd().split("\n"));
      assert.deepEqual(page.problems, []);
    });
  }
});
