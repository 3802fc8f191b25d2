/** The playground, used as a person uses it: examples, run and stop, connections, files, sharing, the relay, keyboard, a phone. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { PLAYGROUND, buildPlayground, checkPage } from "../../scripts/lib/playground-build.js";
import { siteFiles, startServices } from "../../scripts/lib/playground-services.js";
import { serve } from "../../web/node/serve.js";
import { MODES, missingBrowser, openPage, startBrowser } from "../support/browser.js";
import { missing } from "../support/programs.js";
import { tcpServer } from "../support/tcp_servers.js";

describe("the playground", { skip: missingBrowser }, () => {
  let services;
  let server;
  let browser;
  let page;

  before(async () => {
    await buildPlayground({ minify: false });
    services = await startServices();
    server = await show();
    browser = await startBrowser();
  });
  after(async () => {
    await browser.stop();
    await server.close();
    await services.stop();
  });

  function show(options = {}) {
    return serve({ mounts: [["/", PLAYGROUND]], files: siteFiles(services), allow: [...services.targets, "127.0.0.1:*"], ...options });
  }

  const state = (pattern) =>
    page.waitForFunction((text) => new RegExp(text).test(document.getElementById("state").textContent), pattern.source);
  const output = () => page.innerText("#terminal");

  /** Opens it as at a first visit, in a state in which it can run programs. */
  async function open(t, path = "/", site = server) {
    await page?.close(); // An earlier one would keep what it has in the same storage.
    page = await openPage(browser, site, "about:blank");
    t.after(() => page.close());
    await page.addInitScript(() => {
      if (sessionStorage.visited) return;
      localStorage.clear();
      sessionStorage.visited = true;
    });
    await page.goto(new URL(path, site.url).href);
    await state(/^Ready$/);
    return page;
  }

  async function choose(example) {
    await page.selectOption("#examples", example);
    const first = readFileSync(join(PLAYGROUND, "examples", `${example}.py`), "utf8").split("\n")[0];
    await page.waitForFunction((first) => document.querySelector(".cm-line")?.textContent === first, first);
  }

  /** Puts another program into the editor, as typing would. */
  async function type(program) {
    await page.click(".cm-content");
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await page.evaluate((text) => {
      const data = new DataTransfer();
      data.setData("text/plain", text);
      document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }, program);
  }

  async function run() {
    await page.click("#run");
    await state(/^(Done|Failed|Stopped)/);
  }

  test("starts ready, with an example that runs without any relay", async (t) => {
    await open(t);
    await run();
    assert.match(await output(), /client: got b'Hello from the other side of the page/);
    assert.match(await output(), /secured by TLSv1\.3 with TLS1-3-/);
    assert.deepEqual(page.problems, []);
  });

  for (const [example, expected] of [
    ["https_get", /HTTP\/1\.1 200 OK[\s\S]*Hello from this machine!/],
    ["use_requests", /200 OK[\s\S]*content-type: text\/plain[\s\S]*Hello from this machine!/],
    ["asyncio_many", /19: HTTP\/1\.1 200 OK[\s\S]*all of them after/],
    ["certificates", /depth 1:[\s\S]*depth 0:[\s\S]*verified, TLS1-3-/],
    ["wrong_certificate", /connected: b'welcome[\s\S]*validity has expired[\s\S]*not correctly signed by the trusted CA/],
  ]) {
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
    for (const [target, reason] of [
      ["('example.com', 443)", /^example\.com:443: \[Errno 13\] EACCES: The relay does not allow this target \(the relay is ws:\/\/127\.0\.0\.1:\d+\/relay\/\)\.$/],
      ["('127.0.0.1', 9)", /^127\.0\.0\.1:9: \[Errno 111\] ECONNREFUSED: Nobody listens there\.$/],
    ]) {
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
    await page.waitForFunction(() => document.getElementById("terminal").innerText.includes("waiting"));
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
    await page.waitForFunction(() => document.getElementById("terminal").innerText.includes("busy"));
    await page.click("#stop");
    await state(/^Stopped/);
    assert.match(await output(), /KeyboardInterrupt: the program did not stop; MicroPython was started anew, with the same files[\s\S]*Exit code 130/);
    await type("print(open('kept.txt').read())");
    await run();
    assert.equal((await output()).trim(), "kept too");
  });

  test("answers input(), and keeps the files that a program writes", async (t) => {
    await open(t);
    await choose("ask");
    await page.click("#run");
    await page.waitForFunction(() => document.getElementById("terminal").innerText.includes("your name?"));
    for (const line of ["Ada", "30", "12", ""]) {
      await page.fill("#line", line);
      await page.press("#line", "Enter");
    }
    await state(/^Done/);
    assert.match(await output(), /Hello, Ada![\s\S]*that makes 42/);
    assert.equal(await page.evaluate(() => getComputedStyle([...document.querySelectorAll("#terminal span")].find((s) => s.textContent === "Ada" && s.style.fontWeight)).fontWeight), "700");
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
      await page.waitForFunction(() => document.getElementById("terminal").textContent.includes("asleep"));
      await page.click("#stop");
      await state(/^Stopped/);
      assert.match(await output(), /KeyboardInterrupt/);
    }
  });

  test("has no program on the page's own thread: not by a link, and not where nothing can block", async (t) => {
    await open(t, "/?mode=async");
    assert.equal(await page.innerText("#mode"), "blocking");
    await type("import js\nprint(hasattr(js, 'document'), hasattr(js, 'localStorage'))");
    await run();
    assert.equal((await output()).trim(), "False False");
    const site = await show({ isolate: false });
    t.after(site.close);
    page = await browser.newPage();
    t.after(() => page.close());
    await page.addInitScript(() => {
      delete WebAssembly.Suspending;
      delete Navigator.prototype.serviceWorker;
    });
    await page.goto(site.url);
    await state(/^Failed$/);
    assert.match(await output(), /programs cannot wait in this browser here; over https, or on localhost/);
  });

  test("runs nothing but the site's own scripts", async (t) => {
    await open(t);
    const blocked = await page.evaluate(async () => {
      await new Promise((resolve) => setTimeout(resolve)); // A debugger's own call may evaluate text.
      const ran = [];
      globalThis.ran = (what) => ran.push(what);
      const script = Object.assign(document.createElement("script"), { textContent: "ran('inline')" });
      const link = document.createElement("a");
      link.setAttribute("onclick", "ran('handler')");
      document.body.append(script, link);
      link.click();
      const tries = [() => eval("ran('eval')"), () => new Function("ran('function')")(), () => import("data:text/javascript,ran('data')")];
      const failures = await Promise.all(tries.map(async (attempt) => Promise.resolve().then(attempt).then(() => "ran", () => "blocked")));
      return [...ran, ...failures];
    });
    assert.deepEqual(blocked, ["blocked", "blocked", "blocked"]);
    assert.notEqual(await page.$eval(".cm-content", (content) => getComputedStyle(content).whiteSpaceCollapse), "collapse", "the editor has its style sheet");
  });

  for (const [name, html, problem] of [
    ["without a policy", "<p>", /no Content-Security-Policy/],
    ["with an inline script", (page) => page.replace("</head>", "<script>go()</script></head>"), /something inline.*<script>/],
    ["with a handler", (page) => page.replace("<body", '<body onload="go()"'), /something inline.*onload/],
    ["with a policy that allows inline scripts", (page) => page.replace("'wasm-unsafe-eval'", "'wasm-unsafe-eval' 'unsafe-inline'"), /lets other scripts run/],
  ]) {
    test(`is not built ${name}`, () => {
      const page = readFileSync(join(PLAYGROUND, "index.html"), "utf8");
      assert.doesNotThrow(() => checkPage(page));
      assert.throws(() => checkPage(typeof html === "string" ? html : html(page)), problem);
    });
  }

  test("asks before it uses the relay of a link, or of the last visit, and shows its host", async (t) => {
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
    await page.waitForFunction((host) => document.getElementById("relay-text").textContent.includes(host), host);
    await page.waitForFunction(() => document.body.dataset.relay === "checking");
    for (let i = 0; visits.length === 0 && i < 100; i++) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(visits, ["GET /theirs/ HTTP/1.1"]);
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
    const visit = (mode, name) => `import socket, ssl
c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
c.verify_mode = ssl.${mode}
c.load_verify_locations(cafile="/certs/roots.pem")
s = socket.socket()
s.connect(socket.getaddrinfo("${host}", ${port})[0][-1])
c.wrap_socket(s${name}).write(b"GET / HTTP/1.0\\r\\n\\r\\n")
`;
    const colour = () => page.$eval(".connection .badge", (badge) => getComputedStyle(badge).color);
    const colours = {};
    for (const [mode, name, badge, words] of [
      ["CERT_REQUIRED", ', server_hostname="localhost"', "TLSv1.3, verified", /CN=localhost/],
      ["CERT_NONE", ', server_hostname="localhost"', "TLSv1.3, not verified", /anybody on the way can pose as this server/],
      ["CERT_OPTIONAL", ', server_hostname="localhost"', "TLSv1.3, not verified", /anybody on the way can pose as this server/],
    ]) {
      await type(visit(mode, name));
      await run();
      await page.click("#tab-connections");
      await page.waitForSelector(".connection .timeline");
      assert.equal(await page.innerText(".connection .badge"), badge);
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

  test("says which mode cannot be had", async (t) => {
    const site = await show({ isolate: false });
    t.after(site.close);
    page = await openPage(browser, site, "/?mode=isolated");
    t.after(() => page.close());
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
    assert.match(await output(), /OSError: 100/);
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

  test("works by keyboard alone", async (t) => {
    await open(t);
    await page.keyboard.press("Control+Enter");
    await state(/^Done/);
    // Out of the editor, and by Tab to the views beside it.
    await page.focus(".cm-content");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Shift+Tab");
    const seen = new Set();
    for (let focused; (focused = await page.evaluate(() => document.activeElement.id)) !== "tab-output" && seen.size < 20; seen.add(focused)) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement.matches(".cm-content"))) await page.keyboard.press("Escape");
    }
    assert.equal(await page.getAttribute("#tab-output", "aria-selected"), "true");
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.evaluate(() => document.activeElement.id), "tab-prompt");
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.evaluate(() => document.activeElement.id), "tab-connections");
    assert.equal(await page.getAttribute("#tab-connections", "aria-selected"), "true");
    assert.ok(await page.isVisible("#connections"));
    await page.focus(".connection summary");
    const before = await page.evaluate(() => document.querySelector(".connection").open);
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.querySelector(".connection").open), !before);
    await type("while True: input('wait ')");
    await page.keyboard.press("Control+Enter");
    await page.waitForFunction(() => document.getElementById("terminal").innerText.includes("wait"));
    await page.keyboard.press("Control+.");
    await state(/^Stopped/);
  });

  const text = () => page.$eval(".cm-content", (content) => content.innerText);
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
    assert.equal((await text()).trim(), "print('precious')");
    assert.equal(await page.inputValue("#examples"), "in_page");
    await page.selectOption("#examples", "ask");
    await page.click("#question-yes");
    await page.waitForFunction(() => document.querySelector(".cm-line").textContent.startsWith("# Programs may ask"));
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
    await page.waitForFunction(() => document.getElementById("terminal").innerText.includes("go on?"));
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
    const other = await openPage(browser, server);
    t.after(() => other.close());
    await other.click(".cm-content");
    await other.keyboard.type("x = 1\n");
    await page.waitForSelector("#unsaved:not([hidden])");
    assert.match(await page.innerText("#unsaved"), /open in another tab too/);
  });

  test("says so where the browser keeps nothing", async (t) => {
    page = await browser.newPage();
    t.after(() => page.close());
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
    const names = JSON.parse(readFileSync(join(PLAYGROUND, "names.json"), "utf8"));
    const modules = Object.keys(names).filter((name) => !name.includes("."));
    for (const name of ["asyncio", "select", "socket", "ssl", "tls"]) assert.ok(modules.includes(name), name);
    const lines = modules.map((name) => `import ${name}\nfor n in ${JSON.stringify(Object.keys(names[name]))}:\n  if not hasattr(${name}, n): print("${name}", n)`);
    await type(`${lines.join("\n")}\nprint("looked")`);
    await run();
    assert.equal((await output()).trim(), "looked");
  });

  const prompted = (text) => page.waitForFunction((text) => document.getElementById("prompt-terminal").innerText.includes(text), text);
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
      await say("with open('made.txt', 'w') as f: f.write('at the prompt')", "");
      await say("while True: pass", "");
      await page.click("#prompt-restart");
      await page.waitForFunction(() => !document.getElementById("prompt-terminal").innerText.includes("while True"));
      await prompted(">>> ");
      await say("x", "open('made.txt').read()");
      await prompted("NameError: name 'x' isn't defined");
      await prompted("'at the prompt'");
      await page.click("#tab-files");
      assert.match(await page.innerText("#file-list"), /^made\.txt/m);
      assert.doesNotMatch(await page.innerText("#file-list"), /prompt\.py/);
    });
  }

  test("links to documents that are there, and that link to each other", async (t) => {
    await open(t);
    const seen = new Set();
    const follow = async (address) => {
      if (seen.has(address) || !address.startsWith(server.url)) return;
      seen.add(address);
      assert.equal((await page.goto(address)).status(), 200, address);
      for (const link of await page.$$eval("nav a, main a", (links) => links.map(({ href }) => href.split("#")[0]))) await follow(link);
    };
    await follow(await page.$eval("header a", ({ href }) => href));
    for (const name of ["ssl", "errors", "page", "relay"]) assert.ok(seen.has(`${server.url}docs/${name}.html`), name);
    assert.deepEqual(page.problems, []);
  });

  test("wraps long lines", async (t) => {
    await open(t);
    await type(`x = "${"long ".repeat(100)}"`);
    assert.ok(await page.$eval(".cm-scroller", (scroller) => scroller.scrollWidth <= scroller.clientWidth));
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
    await page.waitForFunction(() => document.getElementById("terminal").innerText.includes("5999"));
    assert.ok(await page.evaluate(() => document.getElementById("terminal").childElementCount <= 5000));
    await type("print('\\x1b[31mred\\x1b[0m plain')\nprint('over', end='\\r')\nprint('written')\nprint('<b>not bold</b>')");
    await run();
    assert.deepEqual((await output()).trim().split("\n"), ["red plain", "written", "<b>not bold</b>"]);
    assert.equal(await page.$eval("#terminal span", (span) => span.style.color), "var(--ansi-red)");
  });
});
