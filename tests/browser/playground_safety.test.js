/** What the playground keeps from links, from storage, and from the people on the way. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { checkPage } from "../../scripts/lib/playground-build.js";
import { missingBrowser } from "../support/browser.js";
import {
  blank, choose, folder, open, output, page, run, server, services, show, state, type, withPlayground,
} from "../support/playground.js";
import { tcpServer } from "../support/tcp_servers.js";

describe("the playground is safe: it", { skip: missingBrowser }, () => {
  withPlayground();

  test("has no program on the page's own thread: not by a link, and not where nothing can block", async (t) => {
    await open(t, "/?mode=async");
    assert.equal(await page.innerText("#mode"), "blocking");
    await type("import js");
    await run();
    assert.match(await output(), /ImportError: no module named 'js'/);
    const site = await show({ isolate: false });
    t.after(site.close);
    await blank(t);
    await page.addInitScript(() => {
      Reflect.deleteProperty(WebAssembly, "Suspending");
      Reflect.deleteProperty(Navigator.prototype, "serviceWorker");
    });
    await page.goto(site.url);
    await state(/^Failed$/);
    assert.match(await output(), /programs cannot wait in this browser here; over https, or on localhost/);
  });

  test("runs nothing but the site's own scripts", async (t) => {
    await open(t);
    const blocked = await page.evaluate(async () => {
      await new Promise((resolve) => setTimeout(resolve)); // A debugger's own call may evaluate text.
      /** @type {string[]} */
      const ran = [];
      Object.assign(globalThis, { ran: (/** @type {string} */ what) => ran.push(what) });
      const script = Object.assign(document.createElement("script"), { textContent: "ran('inline')" });
      const link = document.createElement("a");
      link.setAttribute("onclick", "ran('handler')");
      document.body.append(script, link);
      link.click();
      const address = "data:text/javascript,ran('data')";
      const tries = [() => eval("ran('eval')"), () => new Function("ran('function')")(), () => import(address)];
      const failures = await Promise.all(tries.map(async (attempt) => Promise.resolve().then(attempt).then(() => "ran", () => "blocked")));
      return [...ran, ...failures];
    });
    assert.deepEqual(blocked, ["blocked", "blocked", "blocked"]);
    assert.notEqual(await page.$eval(".cm-content", (content) => getComputedStyle(content).whiteSpaceCollapse), "collapse", "the editor has its style sheet");
  });

  test("evaluates no text in its workers either", async (t) => {
    writeFileSync(join(folder, "evaluating.js"), "try { postMessage(eval('`ran`')); } catch (error) { postMessage(error.name); }");
    await open(t);
    const outcome = await page.evaluate(() => new Promise((resolve) => new Worker("evaluating.js").addEventListener("message", ({ data }) => resolve(data))));
    assert.equal(outcome, "EvalError");
  });

  /** @type {[string, (page: string) => string, RegExp][]} */
  const unsafe = [
    ["without a policy", () => "<p>", /no Content-Security-Policy/],
    ["with an inline script", (page) => page.replace("</head>", "<script>go()</script></head>"), /something inline.*<script>/],
    ["with a handler", (page) => page.replace("<body", '<body onload="go()"'), /something inline.*onload/],
    ["with a policy that allows inline scripts", (page) => page.replace("'wasm-unsafe-eval'", "'wasm-unsafe-eval' 'unsafe-inline'"), /lets other scripts run/],
  ];
  for (const [name, changed, problem] of unsafe) {
    test(`is not built ${name}`, () => {
      const page = readFileSync(join(folder, "index.html"), "utf8");
      assert.doesNotThrow(() => checkPage(page));
      assert.throws(() => checkPage(changed(page)), problem);
    });
  }

  test("asks before it uses the relay of a link, or of the last visit, and shows its host", async (t) => {
    /** @type {string[]} */
    const visits = [];
    const elsewhere = await tcpServer((socket) => socket.once("data", (bytes) => visits.push(bytes.toString("latin1").split("\r\n")[0])).on("error", () => {}));
    t.after(elsewhere.close);
    const host = `127.0.0.1:${elsewhere.port}`;
    await open(t, `/?relay=ws://${host}/theirs/`);
    await page.waitForSelector("#relay-dialog[open]");
    assert.match(await page.innerText("#relay-asked"), new RegExp(`This link asks for another relay: ${host}`));
    await page.waitForSelector('[data-relay="ready"]', { state: "attached" });
    await page.keyboard.press("Escape");
    assert.deepEqual(visits, []);
    await page.reload();
    await state(/^Ready$/);
    await page.click("#relay-use");
    await page.waitForFunction((host) => document.getElementById("relay-text")?.textContent.includes(host), host);
    await page.waitForFunction(() => document.body.dataset.relay === "checking");
    for (let i = 0; visits.length === 0 && i < 100; i++) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(visits, ["GET /theirs/ HTTP/1.1"]);
    const kept = await page.evaluate(() => localStorage.getItem("micropython-ssl relay"));
    assert.equal(kept, JSON.stringify({ wisp: `ws://${host}/theirs/` }), "where the tests below put other things");
    await page.goto(server.url);
    await state(/^Ready$/);
    await page.waitForSelector("#relay-dialog[open]");
    assert.match(await page.innerText("#relay-asked"), new RegExp(`You used another relay last time: ${host}`));
    await page.click("#relay-default");
    await page.reload();
    await state(/^Ready$/);
    assert.equal(await page.isVisible("#relay-dialog"), false);
    assert.equal(visits.length, 1);
  });

  for (const [what, stored] of [
    ["code", { module: "data:text/javascript,document.title='owned'" }],
    ["code beside a relay", { wisp: "ws://127.0.0.1:1/", module: "data:text/javascript,document.title='owned'" }],
    ["an address of another kind", { wisp: "javascript:alert(1)" }],
    ["something else", "wisp"],
  ]) {
    test(`takes ${what} in its storage for no relay`, async (t) => {
      await open(t);
      await page.evaluate((text) => localStorage.setItem("micropython-ssl relay", text), JSON.stringify(stored));
      await page.reload();
      await state(/^Ready$/);
      await page.waitForSelector('[data-relay="ready"]');
      assert.equal(await page.title(), "MicroPython TLS playground");
      assert.equal(await page.isVisible("#relay-dialog"), false);
      await page.evaluate(() => localStorage.removeItem("micropython-ssl relay"));
    });
  }

  test("says of a link's relay why it cannot be used", async (t) => {
    await open(t, "/?relay=data:text/javascript,1");
    assert.match(await page.innerText("#relay-asked"), /cannot be used: the address of a relay begins with wss:\/\/ or ws:\/\/, not with data:/);
  });

  test("says in red which servers were not verified, and marks the verified ones", async (t) => {
    await open(t);
    const { host, port } = services.services.https;
    /** @param {string} mode Of verification. */
    const visit = (mode) => `import socket, ssl
c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
c.verify_mode = ssl.${mode}
c.load_verify_locations(cafile="/certs/roots.pem")
s = socket.socket()
s.connect(socket.getaddrinfo("${host}", ${port})[0][-1])
c.wrap_socket(s, server_hostname="localhost").write(b"GET / HTTP/1.0\\r\\n\\r\\n")
`;
    const colour = () => page.$eval(".connection .badge", (badge) => getComputedStyle(badge).color);
    /** @type {Record<string, string>} */
    const colours = {};
    const verified = { badge: "TLSv1.3, verified", words: /CN=localhost/ };
    const unverified = { badge: "TLSv1.3, not verified", words: /anybody on the way can pose as this server/ };
    for (const [mode, { badge, words }] of Object.entries({ CERT_REQUIRED: verified, CERT_NONE: unverified, CERT_OPTIONAL: unverified })) {
      await type(visit(mode));
      await run();
      await page.click("#tab-connections");
      await page.waitForSelector(`.connection:has(.timeline) .badge:text-is("${badge}")`);
      assert.match(await page.innerText(".connection"), words);
      colours[mode] = await colour();
    }
    const red = await page.evaluate(() => {
      const probe = document.body.appendChild(Object.assign(document.createElement("i"), { className: "failure" }));
      const { color } = getComputedStyle(probe);
      probe.remove();
      return color;
    });
    assert.equal(colours.CERT_NONE, red);
    assert.notEqual(colours.CERT_REQUIRED, red);
  });

  test("names the reason where a server's certificate is refused, though it is watched", async (t) => {
    await open(t);
    const { port } = services.services.https;
    await type(`import socket, ssl\ns = socket.socket()\ns.connect(("127.0.0.1", ${port}))\nssl.create_default_context().wrap_socket(s, server_hostname="other.example")`);
    await run();
    assert.match(await output(), /ValueError: [\s\S]*certificate/);
  });

  test("lets its user choose another relay, and come back to this site's", async (t) => {
    await open(t);
    await page.click("#relay");
    await page.fill("#relay-address", "ws://127.0.0.1:1/");
    await page.click("#relay-use");
    await page.waitForSelector('[data-relay="away"]');
    await page.click("#relay");
    await page.click("#relay-default");
    await page.waitForSelector('[data-relay="ready"]');
  });
});
