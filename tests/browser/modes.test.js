/**
 * How a page gets a way to block: by itself, or because it insists; and what is special about each.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { missingBrowser, runIn, serveTestPages, startBrowser } from "../support/browser.js";
import { cast } from "../support/pki.js";
import { httpsServer } from "../support/servers.js";
import { Site } from "../support/site.js";
import { echoServer, tcpServer } from "../support/tcp_servers.js";

/**
 * @import { Page } from "playwright-core"
 * @import { TestContext } from "node:test"
 * @import { StartOptions } from "../../types/index.js"
 */

const { ca, server: certificate } = cast();

describe("a page that is not isolated", { skip: missingBrowser }, () => {
  const site = new Site({ isolate: false });
  /** @type {Page} */
  let page;
  /** @param {TestContext} t */
  async function fresh(t) {
    page = await site.open();
    t.after(() => page.close());
    return page;
  }
  /** @param {StartOptions} [options] */
  const start = (options) => page.evaluate(async (options) => (await window.start(options)).mode, options);
  /** @param {any} options Also those that no type allows. */
  const refused = (options) => page.evaluate((options) => window.start(options).then(() => "started", (error) => error.message), options);
  /** @param {string} code */
  const run = (code) => runIn(page, code);
  /** The worker that runs the page's programs. */
  function interpreter() {
    const worker = page.workers().find((worker) => worker.url().endsWith("interpreter_worker.js"));
    assert.ok(worker);
    return worker;
  }

  test("blocks by JSPI", async (t) => {
    await fresh(t);
    assert.equal(await start(), "jspi");
    assert.deepEqual(await run("import time\ntime.sleep(0.01)\nprint('slept')"), { exit: 0, out: "slept\n" });
  });

  test("that misspells an option is told so", async (t) => {
    await fresh(t);
    for (const mode of ["jspi", "async"]) assert.match(await refused({ mode, transports: {} }), /^no such option: transports; there are mode, /);
  });

  test("that insists on another mode is told why it cannot be", async (t) => {
    await fresh(t);
    assert.match(await refused({ mode: "isolated" }), /mode "isolated" cannot be had: this page is not cross-origin isolated: it needs the headers/);
    assert.match(await refused({ mode: "blocking" }), /no such mode: blocking; there are auto, isolated, jspi, service-worker/);
    assert.match(await refused({ mode: "service-worker", serviceWorker: undefined }), /mode "service-worker" cannot be had: no serviceWorker was given/);
    assert.match(await refused({ mode: "service-worker", serviceWorker: "/absent.js" }), /mode "service-worker" cannot be had: .*404/);
    const elsewhere = "/micropython-ssl/web/browser/service_worker.js";
    assert.match(await refused({ mode: "service-worker", serviceWorker: elsewhere }), /this page is not below .*\/micropython-ssl\/web\/browser\//);
  });

  test("that shares no memory though it is called isolated is not taken for isolated", async (t) => {
    const isolated = await serveTestPages();
    t.after(isolated.close);
    page = await site.browser.newPage();
    t.after(() => page.close());
    await page.addInitScript(() => {
      Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
    });
    await page.goto(isolated.url);
    assert.equal(await page.evaluate(() => window.crossOriginIsolated), true);
    assert.equal(await start(), "jspi");
    assert.match(await refused({ mode: "isolated" }), /mode "isolated" cannot be had: this browser has no SharedArrayBuffer/);
  });

  test("in a browser without JSPI is told so", async (t) => {
    page = await site.browser.newPage();
    t.after(() => page.close());
    await page.addInitScript(() => {
      Reflect.deleteProperty(WebAssembly, "Suspending");
    });
    await page.goto(site.url);
    assert.match(await refused({ mode: "jspi" }), /mode "jspi" cannot be had: this browser has no JavaScript Promise Integration/);
  });

  test("in a browser without JSPI blocks by a service worker, where it has one", async (t) => {
    page = await site.browser.newPage();
    t.after(() => page.close());
    await page.addInitScript(() => {
      Reflect.deleteProperty(WebAssembly, "Suspending");
    });
    await page.goto(site.url);
    assert.equal(await start(), "service-worker");
    assert.deepEqual(await run("import time\ntime.sleep(0.01)\nprint('slept')"), { exit: 0, out: "slept\n" });
    assert.equal(await start({ serviceWorker: "/absent.js" }), "async");
  });

  test("finds its network again when the browser has ended the service worker", async (t) => {
    await fresh(t);
    await start({ mode: "service-worker" });
    await run("import time\ntime.sleep(0.01)");
    const cdp = await site.browser.newCDPSession(page);
    await cdp.send("ServiceWorker.enable");
    await cdp.send("ServiceWorker.stopAllWorkers");
    assert.deepEqual(await run("import time\ntime.sleep(0.01)\nprint('slept')"), { exit: 0, out: "slept\n" });
  });

  test("lets the browser keep no record of the calls that a program makes by a service worker", async (t) => {
    await fresh(t);
    await start({ mode: "service-worker" });
    const { exit, out } = await run("import time\nfor i in range(400): time.sleep_ms(1)");
    assert.equal(exit, 0, out);
    const records = await interpreter().evaluate(() => performance.getEntriesByType("resource").length);
    assert.equal(records, 0);
  });

  test("makes no call for a write by a service worker, and takes all that has come with one call", async (t) => {
    const MESSAGES = 1000;
    const server = await tcpServer((socket) => {
      let missing = MESSAGES;
      socket.on("data", ({ length }) => {
        missing -= length;
        if (missing === 0) socket.end("x".repeat(MESSAGES));
      });
    });
    t.after(server.close);
    await fresh(t);
    await start({ mode: "service-worker", transport: { wisp: site.relay } });
    const worker = interpreter();
    await worker.evaluate(() => {
      self.calls = 0;
      const { send } = XMLHttpRequest.prototype;
      XMLHttpRequest.prototype.send = function (body) {
        self.calls++;
        return send.call(this, body);
      };
    });
    const { out } = await run(`
import socket
s = socket.socket()
s.connect(("127.0.0.1", ${server.port}))
for i in range(${MESSAGES}): s.write(b"x")
count = 0
while s.recv(1): count += 1
print(count)
`);
    assert.equal(out, `${MESSAGES}\n`);
    const calls = await worker.evaluate(() => self.calls);
    assert.ok(calls < MESSAGES / 4, `${calls} calls`);
  });

  test("runs verify_callback while a handshake waits, and lets it print", async (t) => {
    const https = await httpsServer(certificate);
    t.after(https.stop);
    await fresh(t);
    await start({ transport: { wisp: site.relay } });
    const { out } = await run(`
import socket, tls
ctx = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
ctx.load_verify_locations(${JSON.stringify(ca.pem)}.encode())
def verify(cert, depth):
  print("depth", depth)
  return 0
ctx.verify_callback = verify
s = socket.socket()
s.connect(("127.0.0.1", ${https.port}))
s = ctx.wrap_socket(s, server_hostname="localhost")
s.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
print(s.read()[-6:])
`);
    assert.match(out, /^(depth \d\n)+b'hello\\n'\n$/);
  });

  test("waits in a verify_callback too", async (t) => {
    const echo = await echoServer();
    t.after(echo.close);
    const https = await httpsServer(certificate);
    t.after(https.stop);
    await fresh(t);
    await start({ transport: { wisp: site.relay } });
    const { out } = await run(`
import socket, tls
other = socket.socket()
other.connect(("127.0.0.1", ${echo.port}))
ctx = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
ctx.load_verify_locations(${JSON.stringify(ca.pem)}.encode())
def verify(cert, depth):
  other.write(b"asked")
  print(depth, other.read(5))
  return 0
ctx.verify_callback = verify
s = socket.socket()
s.connect(("127.0.0.1", ${https.port}))
s = ctx.wrap_socket(s, server_hostname="localhost")
s.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
print(s.read()[-6:])
`);
    assert.match(out, /^(\d b'asked'\n)+b'hello\\n'\n$/);
  });

  test("has one program at a time in each interpreter, and goes on after a failed one", async (t) => {
    await fresh(t);
    await start();
    const [first, second] = await page.evaluate(async () => {
      const first = window.mp.run("import time\ntime.sleep(0.2)\nraise SystemExit(4)");
      const second = await window.mp.run("print('no')").catch((error) => error.message);
      return [await first, second];
    });
    assert.equal(first, 4);
    assert.match(second, /running already/);
    assert.deepEqual(await run("print('next')"), { exit: 0, out: "next\n" });
  });

  test("isolates itself by isolate.js, after one or two loads more at the first visit and none at the next", async (t) => {
    const context = await startBrowser();
    t.after(context.stop);
    page = await context.newPage();
    let loads = 0;
    page.on("framenavigated", () => loads++);
    const visit = async () => {
      loads = 0;
      await page.goto(new URL("isolate_me.html", site.url).href);
      await page.waitForFunction(() => window.crossOriginIsolated && window.start);
      return loads;
    };
    const first = await visit();
    assert.ok(first >= 2 && first <= 3, `${first} loads`);
    assert.equal(await visit(), 1);
    assert.equal(await start(), "isolated");
    assert.deepEqual(await run("import time\ntime.sleep(0.01)\nprint('slept')"), { exit: 0, out: "slept\n" });
  });
});
