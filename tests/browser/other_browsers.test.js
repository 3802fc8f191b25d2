/**
 * The playground in Firefox and WebKitGTK: it loads, and programs reach a TLS server; by every way
 * to wait that the browser has.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { OTHER_BROWSERS, until } from "../support/other_browsers.js";
import { endSite, show, withSite } from "../support/playground.js";

/** @import { OtherPage } from "../support/other_browsers.js" */

const state = "document.getElementById('state').textContent";
const output = "document.getElementById('terminal').innerText";

for (const { name, missing, open } of OTHER_BROWSERS) {
  describe(`the playground in ${name}`, { skip: missing }, () => {
    /** @type {OtherPage} */
    let page;

    before(async () => {
      await withSite();
      page = await open();
    });
    after(async () => {
      await page?.close();
      await endSite();
    });

    for (const isolate of [true, false]) {
      test(`runs programs in a page that is ${isolate ? "" : "not "}isolated`, async (t) => {
        const server = await show({ isolate });
        t.after(server.close);
        await page.goto(`${server.url}?example=https_get`);
        await until(page, `document.readyState === "complete" && /^(Ready|Failed)$/.test(${state})`);
        assert.equal(await page.evaluate(state), "Ready", await page.evaluate(output));
        t.diagnostic(`mode: ${await page.evaluate("document.getElementById('mode').textContent")}`);
        await page.evaluate("document.getElementById('run').click()");
        await until(page, `/^(Done|Failed)/.test(${state})`);
        assert.match(await page.evaluate(output), /HTTP\/1\.1 200 OK[\s\S]*Hello from this machine! You came over TLSv1\.3/);
        await page.evaluate("document.getElementById('tab-connections').click()");
        assert.equal(await until(page, "document.querySelector('.connection .badge')?.textContent"), "TLSv1.3, verified");
        await page.evaluate("document.getElementById('tab-prompt').click()");
        assert.ok(await until(page, "document.getElementById('prompt-terminal').innerText.includes('>>> ')"));
      });
    }
  });
}
