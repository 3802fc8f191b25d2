/** How a page gets a way to block: by itself, or because it insists; and what is special about each. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missingBrowser, openPage, serveTestPages, startBrowser } from "../support/browser.js";
import { cast } from "../support/pki.js";
import { httpsServer } from "../support/servers.js";
import { echoServer } from "../support/tcp_servers.js";
import { eventually } from "../support/transports.js";

const { ca, server: certificate } = cast();

describe("a page that is not isolated", { skip: missingBrowser }, () => {
  let server;
  let relay;
  let browser;
  let page;
  before(async () => {
    server = await serveTestPages({ isolate: false });
    relay = `${server.url.replace("http", "ws")}relay/`;
    browser = await startBrowser();
  });
  after(async () => {
    await browser.stop();
    await server.close();
  });
  async function fresh(t) {
    page = await openPage(browser, server);
    t.after(() => page.close());
    return page;
  }
  const start = (options) => page.evaluate(async (options) => (await window.start(options)).mode, options);
  const refused = (options) => page.evaluate((options) => window.start(options).then(() => "started", (error) => error.message), options);
  const run = (code) => page.evaluate((code) => window.run(code), code);

  test("blocks by JSPI", async (t) => {
    await fresh(t);
    assert.equal(await start(), "jspi");
    assert.deepEqual(await run("import time\ntime.sleep(0.01)\nprint('slept')"), { exit: 0, out: "slept\n" });
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
    page = await browser.newPage();
    t.after(() => page.close());
    await page.addInitScript(() => {
      delete globalThis.SharedArrayBuffer;
    });
    await page.goto(isolated.url);
    assert.equal(await page.evaluate(() => window.crossOriginIsolated), true);
    assert.equal(await start(), "jspi");
    assert.match(await refused({ mode: "isolated" }), /mode "isolated" cannot be had: this browser has no SharedArrayBuffer/);
  });

  test("in a browser without JSPI is told so", async (t) => {
    page = await browser.newPage();
    t.after(() => page.close());
    await page.addInitScript(() => {
      delete WebAssembly.Suspending;
    });
    await page.goto(server.url);
    assert.match(await refused({ mode: "jspi" }), /mode "jspi" cannot be had: this browser has no JavaScript Promise Integration/);
  });

  test("in a browser without JSPI blocks by a service worker, where it has one", async (t) => {
    page = await browser.newPage();
    t.after(() => page.close());
    await page.addInitScript(() => {
      delete WebAssembly.Suspending;
    });
    await page.goto(server.url);
    assert.equal(await start(), "service-worker");
    assert.deepEqual(await run("import time\ntime.sleep(0.01)\nprint('slept')"), { exit: 0, out: "slept\n" });
    assert.equal(await start({ serviceWorker: "/absent.js" }), "async");
  });

  test("finds its network again when the browser has ended the service worker", async (t) => {
    await fresh(t);
    await start({ mode: "service-worker" });
    await run("import time\ntime.sleep(0.01)");
    const cdp = await browser.newCDPSession(page);
    await cdp.send("ServiceWorker.enable");
    await cdp.send("ServiceWorker.stopAllWorkers");
    assert.deepEqual(await run("import time\ntime.sleep(0.01)\nprint('slept')"), { exit: 0, out: "slept\n" });
  });

  test("runs verify_callback while a handshake waits, and lets it print", async (t) => {
    const https = await httpsServer(certificate);
    t.after(https.stop);
    await fresh(t);
    await start({ transport: { wisp: relay } });
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

  test("raises where JavaScript stands between the program and what it waits for", async (t) => {
    const echo = await echoServer();
    t.after(echo.close);
    const https = await httpsServer(certificate);
    t.after(https.stop);
    await fresh(t);
    await start({ transport: { wisp: relay } });
    const { out } = await run(`
import socket, tls
other = socket.socket()
other.connect(("127.0.0.1", ${echo.port}))
ctx = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
ctx.load_verify_locations(${JSON.stringify(ca.pem)}.encode())
def verify(cert, depth):
  other.read(1)
ctx.verify_callback = verify
s = socket.socket()
s.connect(("127.0.0.1", ${https.port}))
try: ctx.wrap_socket(s, server_hostname="localhost")
except OSError as e: print(e)
other.write(b"x")
print(other.read(1))
`);
    assert.equal(out, "(35, 'this would have to wait, which a function that JavaScript calls cannot')\nb'x'\n");
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
      await page.goto(new URL("isolate_me.html", server.url).href);
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

describe("MicroPython on the page's own thread, suspended while it waits", { skip: missingBrowser }, () => {
  let server;
  let browser;
  let page;
  before(async () => {
    server = await serveTestPages({ isolate: false });
    browser = await startBrowser();
    page = await openPage(browser, server);
    const options = { worker: false, transport: { wisp: "/relay/" }, files: { "/ca.pem": ca.pem } };
    assert.equal(await page.evaluate(async (options) => (await window.start(options)).mode, options), "jspi");
  });
  after(async () => {
    assert.deepEqual(page.problems, []);
    await browser.stop();
    await server.close();
  });
  const run = (code) => page.evaluate((code) => window.run(code), code);

  test("runs programs that block, and those that await", async (t) => {
    const https = await httpsServer(certificate);
    t.after(https.stop);
    const { exit, out } = await run(`
import asyncio, select, socket, ssl
context = ssl.create_default_context("/ca.pem")
s = socket.socket()
s.connect(("localhost", ${https.port}))
s = context.wrap_socket(s, server_hostname="localhost")
s.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
poller = select.poll()
poller.register(s, select.POLLIN)
print(len(poller.poll()), s.read().split(b"\\r\\n\\r\\n")[1])
async def get():
  reader, writer = await asyncio.open_connection("localhost", ${https.port}, ssl=context, server_hostname="localhost")
  writer.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
  await writer.drain()
  return (await reader.read()).split(b"\\r\\n\\r\\n")[1]
async def main():
  return await asyncio.gather(*(get() for _ in range(5)))
print(len(set(asyncio.run(main()))))
`);
    assert.deepEqual({ exit, out }, { exit: 0, out: "1 b'hello\\n'\n1\n" });
  });

  test("reaches the document, and lets the page go on meanwhile", async () => {
    const { out, turns } = await page.evaluate(async (code) => {
      let turns = 0;
      const timer = setInterval(() => turns++, 10);
      const { out } = await window.run(code);
      clearInterval(timer);
      return { out, turns };
    }, `
import js, time
calls = []
js.setTimeout(lambda: calls.append("called"), 50)
js.document.title = "set by Python"
time.sleep(0.5)
print(js.document.title, calls)
`);
    assert.equal(out, "set by Python ['called']\n");
    assert.ok(turns > 5, `${turns} turns`);
  });

  test("prints more than the page takes at a time, and reads what it is given", async () => {
    assert.equal((await run("for i in range(20000): print('a line of some length, number', i)")).out.split("\n").length, 20001);
    const running = run("print('hello', input('name? '))");
    await page.waitForFunction(() => window.out.includes("name? "));
    await page.evaluate(() => window.mp.input("Ada\n"));
    assert.equal((await running).out, "name? hello Ada\n");
  });

  test("is stopped while it waits", async () => {
    const running = run("import time\nprint('go')\ntime.sleep(100)");
    await page.waitForFunction(() => window.out.includes("go"));
    await page.evaluate(() => window.mp.stop(10_000));
    const { exit, out } = await running;
    assert.equal(exit, 1);
    assert.match(out, /KeyboardInterrupt/);
    assert.equal((await run("print('well')")).out, "well\n");
  });

  test("cannot be had twice, nor in modes that need a worker", async () => {
    const why = (options) => page.evaluate((options) => window.startMicroPython({ worker: false, ...options }).then(() => "started", (error) => error.message), options);
    assert.match(await why({}), /another MicroPython was loaded on this thread/);
    assert.match(await why({ mode: "isolated" }), /mode "isolated" cannot be had: it blocks a worker, not the page's own thread/);
    assert.match(await why({ mode: "service-worker" }), /it blocks a worker/);
  });

  test("is ended for good where a program does not let itself be stopped", async (t) => {
    const echo = await echoServer();
    t.after(echo.close);
    const running = page.evaluate((code) => window.run(code).catch((error) => error.message), `
import socket, time
s = socket.socket()
s.connect(("127.0.0.1", ${echo.port}))
print("go")
while True:
  try: time.sleep(100)
  except KeyboardInterrupt: print("no")
`);
    await page.waitForFunction(() => window.out.includes("go"));
    assert.match(await page.evaluate(() => window.mp.stop(200).catch((error) => error.message)), /did not stop and was ended; MicroPython cannot be started anew/);
    assert.match(await running, /terminated/);
    await eventually(() => echo.sockets.size === 0, "the connection is closed");
    assert.equal(await page.evaluate(() => window.out), "go\nno\n");
  });
});
