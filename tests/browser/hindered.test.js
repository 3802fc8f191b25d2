/**
 * Pages that hinder: policies that block what MicroPython needs, and pages that the browser puts to
 * sleep.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MODES, missingBrowser, runIn, startBrowser } from "../support/browser.js";
import { Site } from "../support/site.js";
import { echoServer } from "../support/tcp_servers.js";
import { sleep } from "../support/transports.js";

/**
 * @import { TestContext } from "node:test"
 * @import { TestPage } from "../support/browser.js"
 */

for (const { mode, isolate, path } of MODES) describe(`a page in mode ${mode}`, { skip: missingBrowser }, () => {
  const site = new Site({ isolate });
  /** @type {TestPage} */
  let page;

  /**
   * Opens the page with a Content-Security-Policy on what fits the pattern.
   *
   * @param {TestContext} t
   * @param {RegExp} pattern
   * @param {string} policy
   * @returns {Promise<string>} Why MicroPython does not start there.
   */
  async function startUnder(t, pattern, policy) {
    const context = await startBrowser();
    t.after(context.stop);
    await context.route(pattern, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), "Content-Security-Policy": policy } });
    });
    page = await site.open(path, context);
    return page.evaluate(() => window.start().then(() => "started", (error) => error.message));
  }

  test("that may not compile WebAssembly is told what to allow", async (t) => {
    const why = await startUnder(t, /interpreter_worker\.js$/, "script-src 'self'");
    assert.match(why, /the page's Content-Security-Policy blocks WebAssembly: allow 'wasm-unsafe-eval'/);
  });

  test("that may not have workers is told so", async (t) => {
    const why = await startUnder(t, new RegExp(`^${site.url}(\\?.*)?$`), "worker-src 'none'");
    assert.match(why, /network's worker could not be loaded: .*blocked by the page's Content-Security-Policy|mode "service-worker" cannot be had/);
  });

  test("runs wasm that has a wrong MIME type, and is told of an address that leads to none", async (t) => {
    const context = await startBrowser();
    t.after(context.stop);
    await context.route(/\.wasm$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), "Content-Type": "text/plain" } });
    });
    page = await site.open(path, context);
    assert.equal(await page.evaluate(async () => (await window.start()) && (await window.run("print('well')")).out), "well\n");
    page = await site.open(path, context);
    const why = await page.evaluate(() => window.start({ component: "/isolate.js" }).then(() => "started", (error) => error.message));
    assert.equal(why, `MicroPython cannot be loaded from ${site.url}isolate.js: what the server gives there is no WebAssembly`);
  });

  test("goes on when it was put to sleep", async (t) => {
    const echo = await echoServer();
    t.after(echo.close);
    page = await site.open(path);
    t.after(() => page.close());
    await page.evaluate((relay) => window.start({ transport: { wisp: relay } }), site.relay);
    const running = runIn(page, `
import socket, time
s = socket.socket()
s.connect(("127.0.0.1", ${echo.port}))
print("connected")
time.sleep(1)
s.write(b"awake")
print(s.read(5))
`);
    await page.waitForFunction(() => window.out.includes("connected"));
    const cdp = await site.browser.newCDPSession(page);
    await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
    await sleep(2000);
    await cdp.send("Page.setWebLifecycleState", { state: "active" });
    assert.match((await running).out, /b'awake'\n$/);
  });
});
