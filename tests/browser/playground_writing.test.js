/** Writing in the playground: what is kept, what is completed, and the prompt. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MODES, missingBrowser, openPage } from "../support/browser.js";
import {
  blank, choose, folder, open, output, page, printed, run, server, show, state, type, withPlayground,
} from "../support/playground.js";

describe("writing in the playground: it", { skip: missingBrowser }, () => {
  withPlayground();

  test("shares a program by its address, all files of it", async (t) => {
    await open(t);
    await choose("use_requests");
    await type("import requests\nprint('shared', requests.ROOTS)");
    await page.click("#share");
    await page.waitForFunction(() => location.hash.startsWith("#code="));
    const address = page.url();
    await open(t, address);
    assert.match(await page.innerText("#editor"), /print\('shared', requests\.ROOTS\)/);
    await run();
    assert.equal((await output()).trim(), "shared /certs/roots.pem");
  });

  const text = () => page.innerText(".cm-content");
  const kept = () => page.waitForFunction((text) => localStorage.getItem("micropython-ssl workspace")?.includes(text), "precious");

  test("keeps the program, its modules and its files over a reload", async (t) => {
    await open(t);
    await choose("use_requests");
    await type("print('precious')\nopen('/written.bin', 'wb').write(b'\\xff\\x00')\nopen('/written.txt', 'w').write('by the program')");
    await run();
    await page.click('[data-path="/requests.py"]');
    await type("changed = 1");
    await page.reload();
    await state(/^Ready$/);
    assert.match(await text(), /print\('precious'\)/);
    await page.click('[data-path="/requests.py"]');
    assert.match(await text(), /changed = 1/);
    await page.click('[data-path="/main.py"]');
    await type("import requests\nprint(requests.changed, open('/written.bin', 'rb').read(), open('/written.txt').read())");
    await run();
    assert.equal((await output()).trim(), "1 b'\\xff\\x00' by the program");
  });

  test("asks before an example replaces what was written, and undo brings it back", async (t) => {
    await open(t);
    await choose("https_get");
    await choose("in_page");
    assert.equal(await page.isVisible("#question"), false, "an example that nobody changed is replaced unasked");
    await type("print('precious')");
    await page.selectOption("#examples", "ask");
    await page.waitForSelector("#question[open]");
    assert.match(await page.innerText("#question"), /Put the example “Input and files” in the place of your program\?/);
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => /** @type {HTMLSelectElement} */ (document.getElementById("examples")).value === "in_page");
    assert.equal((await text()).trim(), "print('precious')");
    await page.selectOption("#examples", "ask");
    await page.click("#question-yes");
    await page.waitForFunction(() => document.querySelector(".cm-line")?.textContent.startsWith("# Programs may ask"));
    await page.click(".cm-content");
    await page.keyboard.press("Control+z");
    assert.equal((await text()).trim(), "print('precious')");
  });

  test("asks before a link's program replaces what was written", async (t) => {
    await open(t);
    await type("print('linked')");
    await page.click("#share");
    await page.waitForFunction(() => location.hash.startsWith("#code="));
    const link = page.url();
    assert.equal(new URL(link).search, "");
    await type("print('precious')");
    assert.equal(new URL(page.url()).hash, "", "the address names what the editor has, or nothing");
    await kept();
    for (const [answer, expected] of [["#question-no", "print('precious')"], ["#question-yes", "print('linked')"]]) {
      await page.goto("about:blank");
      await page.goto(link);
      await page.click(answer);
      await state(/^Ready$/);
      assert.equal((await text()).trim(), expected);
    }
    await page.reload();
    await state(/^Ready$/);
    assert.equal(await page.isVisible("#question"), false);
  });

  test("keeps what is typed while a program runs", async (t) => {
    await open(t);
    await type("input('go on? ')\nopen('/made.py', 'w').write('x = 1')");
    await page.click("#run");
    await printed("go on?");
    await type("print('precious')");
    await page.fill("#line", "yes");
    await page.press("#line", "Enter");
    await state(/^Done/);
    assert.equal((await text()).trim(), "print('precious')");
    await page.click("#tab-files");
    assert.match(await page.innerText("#file-list"), /made\.py/);
  });

  test("says what is too large to keep, and keeps the rest", async (t) => {
    await open(t);
    await type("print('precious')\nopen('/large.txt', 'w').write('x' * 3_000_000)");
    await run();
    await page.waitForSelector("#unsaved:not([hidden])");
    assert.match(await page.innerText("#unsaved"), /Too large to keep, lost when this page is closed: large\.txt\. There is room for 2 MB/);
    await page.reload();
    await state(/^Ready$/);
    assert.match(await text(), /precious/);
  });

  test("says so where another tab keeps its program in the place of this one", async (t) => {
    await open(t);
    const other = await openPage(page.context(), server);
    t.after(() => other.close());
    await other.click(".cm-content");
    await other.keyboard.type("x = 1\n");
    await page.waitForSelector("#unsaved:not([hidden])");
    assert.match(await page.innerText("#unsaved"), /open in another tab too/);
  });

  test("says so where the browser keeps nothing", async (t) => {
    await blank(t);
    await page.addInitScript(() => {
      Storage.prototype.setItem = () => {
        throw new DOMException("no room", "QuotaExceededError");
      };
    });
    await page.goto(server.url);
    await state(/^Ready$/);
    await type("print('not kept')");
    await page.waitForSelector("#unsaved:not([hidden])");
    assert.match(await page.innerText("#unsaved"), /keeps nothing of this page, which is lost when it is closed: no room/);
    await run();
    assert.equal((await output()).trim(), "not kept");
  });

  test("says in an empty Output what to do", async (t) => {
    await open(t);
    assert.match(await page.innerText("#output"), /Nothing was printed yet\. Run starts the program/);
    await run();
    assert.doesNotMatch(await page.innerText("#output"), /Nothing was printed/);
  });

  /** @param {string} program @param {string} offered */
  const completions = async (program, offered) => {
    await type(program);
    await page.keyboard.press("End");
    await page.keyboard.press("Control+Space");
    await page.waitForFunction((offered) => [...document.querySelectorAll(".cm-completionLabel")].some(({ textContent }) => textContent === offered), offered);
    return page.$$eval(".cm-completionLabel", (labels) => labels.map(({ textContent }) => textContent));
  };

  for (const [program, offered] of [
    ["import s", "ssl"],
    ["from ssl import SSLContext, wr", "wrap_socket"],
    ["import ssl\nssl.create", "create_default_context"],
    ["import ssl as s\nc = s.SSLContext(s.PROTOCOL_TLS_CLIENT)\nc.veri", "verify_mode"],
    ["import ssl\nc = ssl.create_default_context()\nt = c.wrap_socket(None)\nt.getp", "getpeercert"],
    ["import asyncio\nasyncio.open", "open_connection"],
  ]) {
    test(`completes ${JSON.stringify(program)}`, async (t) => {
      await open(t);
      assert.ok((await completions(program, offered)).includes(offered));
    });
  }

  test("completes no name that a module does not have", async (t) => {
    await open(t);
    const names = JSON.parse(readFileSync(join(folder, "names.json"), "utf8"));
    const modules = Object.keys(names).filter((name) => !name.includes("."));
    for (const name of ["asyncio", "select", "socket", "ssl", "tls"]) assert.ok(modules.includes(name), name);
    const lines = modules.map((name) => `import ${name}\nfor n in ${JSON.stringify(Object.keys(names[name]))}:\n  if not hasattr(${name}, n): print("${name}", n)`);
    await type(`${lines.join("\n")}\nprint("looked")`);
    await run();
    assert.equal((await output()).trim(), "looked");
  });

  /** @param {string} text */
  const prompted = (text) => page.waitForFunction((text) => document.getElementById("prompt-terminal")?.innerText.includes(text), text);
  /** @param {string[]} lines */
  async function say(...lines) {
    for (const line of lines) {
      await page.fill("#prompt-line", line);
      await page.press("#prompt-line", "Enter");
    }
  }

  for (const { mode, isolate, path } of MODES) {
    test(`has a prompt beside the program, in the same network, by ${mode}`, async (t) => {
      const site = await show({ isolate });
      t.after(site.close);
      await open(t, path, site);
      await page.click("#tab-prompt");
      await prompted(">>> ");
      await say("def double(x):", "  return 2 * x", "", "double(21)", "x = 'ü€'", "x", "1 / 0");
      await prompted("42\n");
      await prompted("'ü€'\n");
      await prompted('Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\nZeroDivisionError: divide by zero\n>>> ');
      await page.press("#prompt-line", "ArrowUp");
      await page.press("#prompt-line", "ArrowUp");
      assert.equal(await page.inputValue("#prompt-line"), "x");
      // What listens at the prompt is found by the program.
      await say("import socket, time", "s = socket.socket()", "s.bind(('127.0.0.1', 8000))", "s.listen(1)", "print('listen' + 'ing')");
      await prompted("listening");
      await say("c, _ = s.accept(); c.write(b'from the prompt'); c.close()");
      await type("import socket\ns = socket.socket()\ns.connect(('127.0.0.1', 8000))\nprint(s.read())");
      await run();
      assert.match(await output(), /from the prompt/);
      await page.click("#tab-prompt");
      await say("time.sleep(1000)");
      await page.click("#prompt-interrupt");
      await prompted("KeyboardInterrupt\n>>> ");
      await say("with open('made.txt', 'w') as f: f.write('at the prompt')", "", "print('writ' + 'ten')");
      await prompted("written");
      await say("def loop():", "  print('loop' + 'ing')", "  while True: pass", "", "loop()");
      await prompted("looping");
      await page.click("#prompt-interrupt");
      await page.waitForFunction(() => /looping\s+KeyboardInterrupt\s+>>>/.test(document.getElementById("prompt-terminal")?.innerText ?? ""));
      await say("while True: pass", "");
      await page.click("#prompt-restart");
      await page.waitForFunction(() => !document.getElementById("prompt-terminal")?.innerText.includes("while True"));
      await prompted(">>> ");
      await say("x", "open('made.txt').read()");
      await prompted("NameError: name 'x' isn't defined");
      await prompted("'at the prompt'");
      await page.click("#tab-files");
      assert.match(await page.innerText("#file-list"), /^made\.txt/m);
      assert.doesNotMatch(await page.innerText("#file-list"), /prompt\.py/);
    });
  }

  test("wraps long lines", async (t) => {
    await open(t);
    await type(`x = "${"long ".repeat(100)}"`);
    assert.ok(await page.$eval(".cm-scroller", (scroller) => scroller.scrollWidth <= scroller.clientWidth));
    const [first, second] = await page.$eval(".cm-line", (line) => {
      const range = document.createRange();
      range.selectNodeContents(line);
      const lefts = [...range.getClientRects()].map(({ left, top }) => ({ left, top }));
      return [lefts[0].left, Math.min(...lefts.filter(({ top }) => top > lefts[0].top + 5).map(({ left }) => left))];
    });
    assert.ok(second > first, "it goes on further in");
  });
});
