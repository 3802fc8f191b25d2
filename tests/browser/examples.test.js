/** The pages that users copy, as `micropython-ssl serve` shows them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { missingBrowser, startBrowser } from "../support/browser.js";
import { cast } from "../support/pki.js";
import { freePort, start } from "../support/programs.js";
import { httpsServer } from "../support/servers.js";

/** @param {string} name */
const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const { ca, server: certificate } = cast();

for (const [headers, options] of Object.entries({ with: [], without: ["--no-isolation"] })) {
  test(`examples/page fetches over TLS and is stopped, ${headers} isolation`, { skip: missingBrowser }, async (t) => {
    const https = await httpsServer(certificate);
    const port = await freePort();
    const args = ["serve", path("examples/page"), "--port", String(port), "--allow", `localhost:${https.port}`, ...options];
    const server = await start(process.execPath, [path("web/node/cli.js"), ...args], { ready: /Serving/ });
    const browser = await startBrowser();
    t.after(async () => {
      await browser.stop();
      await server.stop();
      await https.stop();
    });
    const page = await browser.newPage();
    /** @type {string[]} */
    const problems = [];
    page.on("pageerror", (error) => problems.push(error.message));
    /** @param {string} text */
    const output = (text) => page.waitForFunction((text) => document.getElementById("output")?.textContent.includes(text), text);
    await page.goto(`http://127.0.0.1:${port}/`);
    await output("Ready, mode");
    const program = (await page.inputValue("#program"))
      .replace('"example.com", 443', `"localhost", ${https.port}`)
      .replace("ssl.create_default_context()", "context");
    await page.fill("#program", `import ssl\ncontext = ssl.create_default_context(cadata=${JSON.stringify(ca.pem)}.encode())\n${program}`);
    await page.click("#run");
    await output("exit code");
    assert.match(await page.innerText("#output"), /^TLS1-3-\S+ TLSv1\.3\nHTTP\/1\.1 200 OK[\s\S]*hello\s+exit code 0$/);
    await page.fill("#program", "import time\nprint('asleep')\ntime.sleep(100)");
    await page.click("#run");
    await output("asleep");
    await page.click("#stop");
    await output("KeyboardInterrupt");
    await output("exit code 1");
    assert.deepEqual(problems, []);
  });
}

test("examples/chat: two tabs hear each other, and nobody enters without the key", { skip: missingBrowser }, async (t) => {
  const [room, port] = [await freePort(), await freePort()];
  const cli = path("web/node/cli.js");
  const server = await start(process.execPath, [cli, path("examples/chat/server.py"), String(room), "a key"], { ready: /The room is at/ });
  t.after(server.stop);
  const site = await start(process.execPath, [cli, "serve", path("examples/chat"), "--port", String(port), "--allow", `localhost:${room}`], { ready: /Serving/ });
  t.after(site.stop);
  const browser = await startBrowser();
  t.after(browser.stop);
  /** @param {string} name @param {string} key */
  const enter = async (name, key) => {
    const tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${port}/`);
    for (const [field, value] of Object.entries({ room: `localhost:${room}`, key, name })) await tab.fill(`[name=${field}]`, value);
    await tab.click("#enter button");
    /** @param {string} text */
    const hears = (text) => tab.waitForFunction((text) => document.getElementById("said")?.textContent.includes(text), text);
    return { tab, hears };
  };
  /** @param {{tab: import("playwright-core").Page}} who @param {string} text */
  const say = async ({ tab }, text) => {
    await tab.fill("[name=text]", text);
    await tab.click("#say button");
  };
  const ann = await enter("Ann", "a key");
  await ann.hears("Ann: is here\n");
  const bob = await enter("Bob", "a key");
  await ann.hears("Bob: is here\n");
  await say(ann, "hello, Bob");
  await bob.hears("Ann: hello, Bob\n");
  await say(bob, "grüße");
  await ann.hears("Bob: grüße\n");
  const eve = await enter("Eve", "another key");
  await eve.hears("OSError");
  await say(ann, "are we alone?");
  await bob.hears("Ann: are we alone?\n");
  assert.equal(await bob.tab.innerText("#said"), "Bob: is here\nAnn: hello, Bob\nBob: grüße\nAnn: are we alone?\n");
});
