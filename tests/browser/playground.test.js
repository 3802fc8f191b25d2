/**
 * The playground, used as a person uses it: examples, run and stop, connections, files, keyboard, a
 * phone.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { missingBrowser } from "../support/browser.js";
import {
  blank, choose, open, output, page, printed, run, server, show, state, type, withPlayground,
} from "../support/playground.js";
import { missing } from "../support/programs.js";
import { tcpServer } from "../support/tcp_servers.js";
import { eventually } from "../support/transports.js";

describe("the playground", { skip: missingBrowser }, () => {
  withPlayground();

  test("starts ready, with an example that runs without any relay", async (t) => {
    await open(t);
    await run();
    assert.match(await output(), /client: got b'Hello from the other side of the page/);
    assert.match(await output(), /secured by TLSv1\.3 with TLS1-3-/);
    assert.deepEqual(page.problems, []);
  });

  test("runs a program that was started while MicroPython is loaded, unless it was stopped", async (t) => {
    for (const stopped of [false, true]) {
      await blank(t);
      /** @type {import("playwright-core").Route[]} */
      const held = [];
      await page.route("**/micropython.wasm", (route) => void held.push(route));
      await page.goto(server.url);
      await eventually(() => held.length > 0, "MicroPython is asked for", 30_000);
      await page.keyboard.press("Control+Enter");
      await state(/^Loading .* Your program runs as soon as they are there\.$/);
      if (stopped) await page.keyboard.press("Control+.");
      await Promise.all(held.map((route) => route.continue()));
      await state(stopped ? /^Ready$/ : /^Done/);
      assert.equal(/Hello from the other side/.test(await output()), !stopped);
    }
  });

  /** What examples print. */
  const EXAMPLES = {
    https_get: /HTTP\/1\.1 200 OK[\s\S]*Hello from this machine!/,
    use_requests: /200 OK[\s\S]*content-type: text\/plain[\s\S]*Hello from this machine!/,
    asyncio_many: /19: HTTP\/1\.1 200 OK[\s\S]*all of them after/,
    certificates: /depth 1:[\s\S]*depth 0:[\s\S]*verified, TLS1-3-/,
    wrong_certificate: /connected: b'welcome[\s\S]*validity has expired[\s\S]*not correctly signed by the trusted CA/,
  };
  for (const [example, expected] of Object.entries(EXAMPLES)) {
    test(`runs the example ${example}`, async (t) => {
      await open(t);
      await choose(example);
      await run();
      assert.match(await output(), expected);
    });
  }

  test("runs the example mqtt_over_tls", { skip: missing("mosquitto") }, async (t) => {
    await open(t);
    await choose("mqtt_over_tls");
    await run();
    assert.match(await output(), /micropython-ssl\/playground: hello from a web page/);
  });

  test("shows what secures a connection, who answered, and how the handshake went", async (t) => {
    await open(t);
    await choose("https_get");
    await run();
    await page.click("#tab-connections");
    const details = await page.innerText(".connection");
    for (const part of [
      /TLSv1\.3/, /TLS1-3-\w+/, /X25519/, /Server name\s+localhost/, /CN=localhost/, /issued by CN=Intermediate authority of this playground/,
      /CN=Intermediate authority of this playground\s+issued by CN=Authority of this playground\s+valid from/, /valid from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d/, /SHA-256\s+[0-9a-f]{2}:/, /→\s+ClientHello/, /←\s+ServerHello/, /encrypted data/,
      /bytes in \d+ records/, /connection [\d.]+ ms/, /TLS handshake [\d.]+ ms/, /handshake complete/,
    ]) {
      assert.match(details, part);
    }
  });

  test("shows the certificate that was refused", async (t) => {
    await open(t);
    await choose("wrong_certificate");
    await run();
    await page.click("#tab-connections");
    const refused = page.locator(".connection", { hasText: "127.0.0.1:8444" }).first();
    assert.match(await refused.innerText(), /handshake failed/);
    await refused.locator("summary").click();
    assert.match(await refused.innerText(), /The certificate validity has expired[\s\S]*valid from .* – expired/);
  });

  test("says of a plain connection that anybody can read it", async (t) => {
    const plain = await tcpServer((socket) => socket.end("hi"));
    t.after(plain.close);
    await open(t);
    await type(`import socket\ns = socket.socket()\ns.connect(("127.0.0.1", ${plain.port}))\nprint(s.read())`);
    await run();
    await page.click("#tab-connections");
    assert.match(await page.innerText(".connection"), /not encrypted[\s\S]*can read and change what goes over it/);
  });

  test("says of a connection that does not stand why", async (t) => {
    await open(t);
    await type("import socket\nfor target in (('example.com', 443), ('127.0.0.1', 9)):\n  try: socket.socket().connect(target)\n  except OSError as e: print(e.errno)");
    await run();
    assert.equal((await output()).trim(), "13\n111");
    await page.click("#tab-connections");
    await page.waitForFunction(() => document.querySelectorAll(".connection").length === 2);
    await page.click(".connection:last-child summary");
    const text = await page.innerText("#connection-list");
    assert.match(text, /not connected\s+example\.com:443[\s\S]*The relay does not allow this target \(errno 13\)[\s\S]*not connected\s+127\.0\.0\.1:9[\s\S]*Nobody listens there/);
    assert.doesNotMatch(text, /not encrypted/);
  });

  test("says under a traceback what the error's number means, and shows no files of its own in it", async (t) => {
    await open(t);
    const reasons = {
      "('example.com', 443)": /^example\.com:443: \[Errno 13\] EACCES: The relay does not allow this target \(the relay is ws:\/\/127\.0\.0\.1:\d+\/relay\/\)\.$/,
      "('127.0.0.1', 9)": /^127\.0\.0\.1:9: \[Errno 111\] ECONNREFUSED: Nobody listens there\.$/,
    };
    for (const [target, reason] of Object.entries(reasons)) {
      await type(`import socket\nsocket.socket().connect(${target})`);
      await run();
      const [head, frame, error, said] = (await output()).trim().split("\n");
      assert.equal(head, "Traceback (most recent call last):");
      assert.equal(frame, '  File "main.py", line 2, in <module>');
      assert.match(error, /^OSError: /);
      assert.match(said, reason);
    }
    await type("import os\nos.stat('/absent')");
    await run();
    assert.doesNotMatch(await output(), /relay|Nobody/);
  });

  test("stops a read that waits, and runs the next program", async (t) => {
    const silent = await tcpServer(() => {});
    t.after(silent.close);
    await open(t);
    await type(`import socket\ns = socket.socket()\ns.connect(("127.0.0.1", ${silent.port}))\nprint("waiting")\ns.read(1)`);
    await page.click("#run");
    await printed("waiting");
    await page.click("#stop");
    await state(/^Stopped/);
    assert.match(await output(), /KeyboardInterrupt/);
    await type("print('again')");
    await run();
    assert.equal((await output()).trim(), "again");
  });

  test("ends a program that computes without end, and keeps its files", async (t) => {
    await open(t);
    await type("open('kept.txt', 'w').write('kept') and None\nwith open('kept.txt', 'a') as f: f.write(' too')\nprint('busy')\nwhile True: pass");
    await page.click("#run");
    await printed("busy");
    await page.click("#stop");
    await state(/^Stopped/);
    assert.match(await output(), /KeyboardInterrupt:[\s\S]*Exit code 1,/);
    await type("print(open('kept.txt').read())");
    await run();
    assert.equal((await output()).trim(), "kept too");
  });

  test("answers input(), and keeps the files that a program writes", async (t) => {
    await open(t);
    await choose("ask");
    await page.click("#run");
    await printed("your name?");
    for (const line of ["Ada", "30", "12", ""]) {
      await page.fill("#line", line);
      await page.press("#line", "Enter");
    }
    await state(/^Done/);
    assert.match(await output(), /Hello, Ada![\s\S]*that makes 42/);
    assert.equal(await page.locator('#terminal span[style*="font-weight"]', { hasText: /^Ada$/ }).first().evaluate((span) => getComputedStyle(span).fontWeight), "700");
    await page.click("#tab-files");
    assert.match(await page.innerText("#file-list"), /total\.txt\s+3 bytes/);
    await page.click('[aria-label="Edit /total.txt"]');
    assert.equal(await page.innerText(".cm-line"), "42");
  });

  test("opens what was uploaded, downloads, and deletes", async (t) => {
    await open(t);
    await page.click("#tab-files");
    await page.setInputFiles("#upload", { name: "helper.py", mimeType: "text/x-python", buffer: Buffer.from("WORD = 'uploaded'\n") });
    await page.waitForSelector("text=helper.py");
    const [download] = await Promise.all([page.waitForEvent("download"), page.click('[aria-label="Download /helper.py"]')]);
    assert.equal(readFileSync(await download.path(), "utf8"), "WORD = 'uploaded'\n");
    await type("import helper\nprint(helper.WORD)");
    await run();
    assert.equal((await output()).trim(), "uploaded");
    await page.click("#tab-files");
    await page.click('[aria-label="Delete /helper.py"]');
    await page.click("#question-no");
    assert.ok(await page.isVisible('[aria-label="Delete /helper.py"]'));
    await page.click('[aria-label="Delete /helper.py"]');
    await page.click("#question-yes");
    await run();
    assert.match(await output(), /ImportError: no module named 'helper'/);
  });

  test("says so when the site is gone and no further interpreter can be had", async (t) => {
    const site = await show();
    await open(t, "/", site);
    await site.close();
    await run();
    await run();
    assert.match(await output(), /It ended: .*(load|fetch)/);
    assert.equal(await page.isEnabled("#run"), true);
  });

  test("works without isolation, and says how programs wait then", async (t) => {
    const site = await show({ isolate: false });
    t.after(site.close);
    for (const [path, name] of [["/", "blocking by JSPI"], ["/?mode=service-worker", "blocking by a service worker"]]) {
      await open(t, path, site);
      assert.equal(await page.innerText("#mode"), name);
      await choose("https_get");
      await run();
      assert.match(await output(), /HTTP\/1\.1 200 OK/);
      await type("import time\nprint('asleep')\ntime.sleep(100)");
      await page.click("#run");
      await printed("asleep");
      await page.click("#stop");
      await state(/^Stopped/);
      assert.match(await output(), /KeyboardInterrupt/);
    }
  });

  test("says which mode cannot be had", async (t) => {
    const site = await show({ isolate: false });
    t.after(site.close);
    await blank(t);
    await page.goto(`${site.url}?mode=isolated`);
    await state(/^Failed$/);
    assert.match(await output(), /this page is not cross-origin isolated: it needs the headers/);
  });

  test("takes a broken address for none", async (t) => {
    await open(t, "/#code=!!!");
    assert.match(await page.innerText("#editor"), /A TLS server and its client/);
  });

  test("says when the relay dies, and when none is there", async (t) => {
    const site = await show();
    await open(t, "/", site);
    await page.waitForSelector('[data-relay="ready"]');
    await site.close();
    await choose("in_page").catch(() => {});
    await type(`import socket\nsocket.socket().connect(("127.0.0.1", 9))`);
    await run();
    assert.match(await output(), /OSError: \[Errno 100\] ENETDOWN: no relay answers at ws:/);
    await page.waitForFunction(() => /127\.0\.0\.1:9: \[Errno 100\] ENETDOWN: no relay answers at ws:\/\/127\.0\.0\.1:\d+\/relay\//.test(document.getElementById("terminal")?.innerText ?? ""));
    await page.waitForSelector('[data-relay="away"]');
    const without = await show({ origins: [], files: { "/config.json": JSON.stringify({ relay: { wisp: "absent/" } }) } });
    t.after(without.close);
    await open(t, "/", without);
    await page.waitForSelector('[data-relay="away"]');
    await page.click("#relay");
    assert.match(await page.innerText("#relay-problem"), /no relay answers at ws:/);
    assert.match(await page.innerText("#relay-dialog"), /It sees which host and port[\s\S]*It cannot see or change/);
    await page.keyboard.press("Escape");
    await run();
    assert.match(await output(), /Hello from the other side/);
  });

  test("says that its relay allows no targets yet", async (t) => {
    const site = await show({ files: { "/config.json": JSON.stringify({ relay: { wisp: "relay/" }, allows: [] }) } });
    t.after(site.close);
    await open(t, "/", site);
    await page.waitForSelector('[data-relay="ready"]');
    assert.equal(await page.innerText("#relay-text"), "relay allows no targets yet");
    await page.click("#relay");
    assert.match(await page.innerText("#relay-problem"), /connects to nothing yet: start “micropython-ssl serve” with --allow/);
  });

  test("works by keyboard alone", async (t) => {
    await open(t);
    await page.keyboard.press("Control+Enter");
    await state(/^Done/);
    // Out of the editor, and by Tab to the views beside it.
    await page.focus(".cm-content");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Shift+Tab");
    const seen = new Set();
    for (let focused; (focused = await page.evaluate(() => document.activeElement?.id)) !== "tab-output" && seen.size < 20; seen.add(focused)) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement?.matches(".cm-content"))) await page.keyboard.press("Escape");
    }
    assert.equal(await page.getAttribute("#tab-output", "aria-selected"), "true");
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "tab-prompt");
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "tab-connections");
    assert.equal(await page.getAttribute("#tab-connections", "aria-selected"), "true");
    assert.ok(await page.isVisible("#connections"));
    await page.focus(".connection summary");
    const opened = () => page.locator("details.connection").first().evaluate((details) => /** @type {HTMLDetailsElement} */ (details).open);
    const before = await opened();
    await page.keyboard.press("Enter");
    assert.equal(await opened(), !before);
    await type("while True: input('wait ')");
    await page.keyboard.press("Control+Enter");
    await printed("wait");
    await page.keyboard.press("Control+.");
    await state(/^Stopped/);
  });

  test("links to documents that are there, and that link to each other", async (t) => {
    await open(t);
    const seen = new Set();
    /** @param {string} address */
    const follow = async (address) => {
      if (seen.has(address) || !address.startsWith(server.url)) return;
      seen.add(address);
      assert.equal((await page.goto(address))?.status(), 200, address);
      for (const link of await page.locator("nav a, main a").evaluateAll((links) => links.map((link) => /** @type {HTMLAnchorElement} */ (link).href.split("#")[0]))) await follow(link);
    };
    await follow(await page.$eval("header a", (link) => /** @type {HTMLAnchorElement} */ (link).href));
    for (const name of ["ssl", "errors", "page", "relay"]) assert.ok(seen.has(`${server.url}docs/${name}.html`), name);
    assert.deepEqual(page.problems, []);
  });

  test("fits a phone, one view at a time", async (t) => {
    await open(t);
    await page.setViewportSize({ width: 360, height: 720 });
    for (const tab of ["code", "output", "prompt", "connections", "files"]) {
      await page.click(`#tab-${tab}`);
      assert.deepEqual(await page.$$eval("section", (all) => all.filter((one) => one.offsetParent).map(({ id }) => id)), [tab]);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${tab} is wider than the screen`);
    }
    await page.click("#tab-code");
    await run();
    assert.ok(await page.isVisible("#output"));
  });

  test("is dark or light, as its user likes, and remembers", async (t) => {
    await open(t);
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const first = await background();
    await page.click("#theme");
    const second = await background();
    assert.notEqual(first, second);
    await page.reload();
    assert.equal(await background(), second);
    await page.click("#theme");
  });

  test("draws what ANSI says, and no more than it can show", async (t) => {
    await open(t);
    await type("print('\\x1b[31mred\\x1b[0m plain')\nprint('over', end='\\r')\nprint('written')\nprint('<b>not bold</b>')\nfor i in range(6000): print(i)");
    await run();
    await printed("5999");
    assert.ok(await page.locator("#terminal").evaluate(({ childElementCount }) => childElementCount <= 5000));
    await type("print('\\x1b[31mred\\x1b[0m plain')\nprint('over', end='\\r')\nprint('written')\nprint('<b>not bold</b>')");
    await run();
    assert.deepEqual((await output()).trim().split("\n"), ["red plain", "written", "<b>not bold</b>"]);
    assert.equal(await page.$eval("#terminal span", (span) => span.style.color), "var(--ansi-red)");
  });
});
