/**
 * asyncio programs on a page's own thread, where nothing may block: no headers, over the relay of
 * `micropython-ssl serve`.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missingBrowser, runIn, serveTestPages } from "../support/browser.js";
import { cast } from "../support/pki.js";
import { httpsServer } from "../support/servers.js";
import { Site, relayOf } from "../support/site.js";
import { echoServer, floodServer, tcpServer } from "../support/tcp_servers.js";
import { refusesUnknownAuthority } from "../support/unknown_authority.js";

/**
 * @import { StartOptions } from "../../types/index.js"
 * @import { TestPage } from "../support/browser.js"
 */

const { ca, server: certificate } = cast();

describe("a program on the page's thread", { skip: missingBrowser }, () => {
  const site = new Site({ isolate: false });
  /** @type {TestPage} */
  let page;
  before(async () => {
    page = await site.open();
    await page.evaluate(async (relay) => window.start({ mode: "async", transport: { wisp: relay } }), site.relay);
  });
  after(() => assert.deepEqual(page.problems, []));
  /** @type {Window["run"]} */
  const run = (...program) => runIn(page, ...program);

  test("prints, ends with an exit code, and shows where it failed", async () => {
    assert.equal(await page.evaluate(() => window.mp.mode), "async");
    assert.deepEqual(await run("print('hello', end='')"), { exit: 0, out: "hello" });
    assert.deepEqual(await run("import sys; print(sys.argv); sys.exit(3)", { name: "prog.py", args: ["a"] }), { exit: 3, out: "['prog.py', 'a']\n" });
    const { exit, out } = await run("async def f():\n  raise ValueError('no')\nimport asyncio\nasyncio.run(f())\n");
    assert.equal(exit, 1);
    assert.match(out, /File "main.py", line 4, in <module>\n[^]*File "main.py", line 2, in f\nValueError: no\n$/);
  });

  test("has Mozilla's root certificates in a MicroPython of the page's own", async () => {
    const other = await site.open();
    const out = await other.evaluate(async () => {
      const { installMicroPython } = await import("/micropython-ssl/web/index.js");
      const { loadMicroPython } = await import("/micropython-ssl/micropython/micropython.mjs");
      let out = "";
      const mp = await loadMicroPython({ linebuffer: false });
      await installMicroPython(mp, { transport: { wisp: "/relay/" }, stdout: (text) => (out += text) });
      await mp.runPythonAsync("import ssl; print(ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED)");
      return out;
    });
    assert.equal(out, "True\n");
    assert.deepEqual(other.problems, []);
    await other.close();
  });

  test("runs asyncio with 20 connections over TLS, unmodified, and goes on after asyncio.run()", async (t) => {
    const https = await httpsServer(certificate);
    t.after(https.stop);
    const { exit, out } = await run(`
import asyncio, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cadata=${JSON.stringify(ca.pem)}.encode())
async def get(i):
  reader, writer = await asyncio.open_connection("localhost", ${https.port}, ssl=context, server_hostname="localhost")
  writer.write(b"GET /%d HTTP/1.0\\r\\n\\r\\n" % i)
  await writer.drain()
  status = await reader.readline()
  body = (await reader.read()).split(b"\\r\\n\\r\\n")[1]
  writer.close()
  await writer.wait_closed()
  return status.split()[1], body
async def main():
  return await asyncio.gather(*[get(i) for i in range(20)])
results = asyncio.run(main())
print(len(results), set(results))
`);
    assert.equal(out, "20 {(b'200', b'hello\\n')}\n");
    assert.equal(exit, 0);
  });

  test("is told which call to await instead of one that would block", async (t) => {
    const https = await httpsServer(certificate);
    t.after(https.stop);
    const { exit, out } = await run(`import socket\ns = socket.socket()\ns.connect(socket.getaddrinfo("localhost", ${https.port})[0][-1])`);
    assert.equal(exit, 1);
    assert.match(out, /OSError: .*this would block JavaScript's event loop: use asyncio.open_connection\(\)/);
    assert.match((await run("input()")).out, /OSError/);
    assert.match((await run("import time\ntime.sleep_us(500)\ntime.sleep(0.02)\ntime.sleep_ms(0)\nprint('slept')\ntime.sleep(100)")).out, /^slept\n[^]*: use asyncio\.sleep\(\)/);
  });

  test("serves TLS to a client in the same page", async () => {
    const { out } = await run(`
import asyncio, ssl
serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
serving.load_cert_chain(${JSON.stringify(certificate.chainPem)}.encode(), ${JSON.stringify(certificate.keyPem)}.encode())
asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
asking.verify_mode = ssl.CERT_REQUIRED
asking.load_verify_locations(cadata=${JSON.stringify(ca.pem)}.encode())
async def serve(reader, writer):
  writer.write((await reader.readline()).upper())
  await writer.drain()
  writer.close()
  await writer.wait_closed()
async def main():
  async with await asyncio.start_server(serve, "127.0.0.1", 8443, ssl=serving) as server:
    reader, writer = await asyncio.open_connection("127.0.0.1", 8443, ssl=asking, server_hostname="localhost")
    writer.write(b"inside\\n")
    await writer.drain()
    print(await reader.readline())
    await writer.wait_closed()
asyncio.run(main())
`);
    assert.equal(out, "b'INSIDE\\n'\n");
  });

  test("refuses a server of an unknown authority", (t) => refusesUnknownAuthority(t, run, (port) => `
  import asyncio
  async def main():
    reader, writer = await asyncio.open_connection("localhost", ${port}, ssl=context, server_hostname="localhost")
    writer.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
    await writer.drain()
    await reader.read(1)
  asyncio.run(main())
`));

  test("leaves the page its time while it reads in bulk", async (t) => {
    const flood = await floodServer(8 * 1024 * 1024);
    t.after(flood.close);
    const { out, turns } = await page.evaluate(async (code) => {
      let turns = 0;
      let over = false;
      const follow = () => setTimeout(() => (turns++, over || follow()), 0);
      follow();
      const { out } = await window.run(code);
      over = true;
      return { out, turns };
    }, `
import asyncio
async def main():
  reader, writer = await asyncio.open_connection("127.0.0.1", ${flood.port})
  buffer = bytearray(16384)
  total = 0
  while True:
    count = await reader.readinto(buffer)
    if not count: break
    total += count
  return total
print(asyncio.run(main()))
`);
    assert.equal(out, "8388608\n");
    assert.ok(turns > 5, `the page had ${turns} turns`);
  });

  test("reads what the page gives it to read, by awaiting it", async () => {
    const running = run("import asyncio, sys\nasync def main():\n  print('name?')\n  print('hello', (await asyncio.StreamReader(sys.stdin).readline()).strip())\nasyncio.run(main())");
    await page.waitForFunction(() => window.out.includes("name?"));
    await page.evaluate(() => window.mp.input("Ada\n"));
    assert.equal((await running).out, "name?\nhello b'Ada'\n");
  });

  test("is stopped while it awaits, and its connections end with it", async (t) => {
    const silent = await tcpServer(() => {});
    t.after(silent.close);
    const running = run(`import asyncio\nasync def main():\n  r, w = await asyncio.open_connection("127.0.0.1", ${silent.port})\n  print("go")\n  await r.read(1)\nasyncio.run(main())`);
    await page.waitForFunction(() => window.out.includes("go"));
    assert.equal(await page.evaluate(() => window.mp.interrupt(10_000)), true);
    const { exit, out } = await running;
    assert.equal(exit, 1);
    assert.match(out, /KeyboardInterrupt/);
    for (let i = 0; i < 100 && silent.sockets.size > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(silent.sockets.size, 0);
    assert.deepEqual(await run("print('well')"), { exit: 0, out: "well\n" });
  });

  test("goes on when its page slept", async (t) => {
    const echo = await echoServer();
    t.after(echo.close);
    const running = run(`
import asyncio
async def main():
  r, w = await asyncio.open_connection("127.0.0.1", ${echo.port})
  for i in range(30):
    w.write(b"%d\\n" % i)
    await w.drain()
    assert await r.readline() == b"%d\\n" % i
    if i == 0: print("go")
    await asyncio.sleep_ms(10)
  print("over")
asyncio.run(main())
`);
    await page.waitForFunction(() => window.out.includes("go"));
    const devtools = await site.browser.newCDPSession(page);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    assert.equal((await running).out, "go\nover\n");
  });

  test("keeps its files for the page", async () => {
    await page.evaluate(() => window.mp.writeFile("/data/in.txt", "from the page"));
    assert.equal((await run("print(open('/data/in.txt').read())\nopen('/data/out.txt', 'w').write('to it')")).out, "from the page\n");
    assert.equal(await page.evaluate(async () => new TextDecoder().decode(await window.mp.readFile("/data/out.txt"))), "to it");
    assert.match((await run("try: open('/absent')\nexcept OSError as e: print(e.errno)")).out, /^2\n/);
  });
});

describe("a page that asks for what it cannot have", { skip: missingBrowser }, () => {
  const site = new Site({ isolate: false });
  /** @param {TestPage} page @param {StartOptions} [options] */
  const outcome = (page, options) =>
    page.evaluate((options) => window.start({ mode: "async", ...options }).then(() => "started", (error) => error.message), options);

  test("two interpreters on its thread: the second is refused, also when the first is gone", async () => {
    const page = await site.open();
    assert.equal(await outcome(page), "started");
    assert.match(await outcome(page), /another MicroPython was loaded on this thread, and its state is global: run each one in a worker of its own/);
    assert.deepEqual(await page.evaluate(() => window.run("print('the first goes on')")), { exit: 0, out: "the first goes on\n" });
    await page.evaluate(() => window.mp.terminate());
    assert.match(await page.evaluate(() => window.run("print(1)").catch((error) => error.message)), /terminated/);
  });

  test("a relay that is not there: programs get an exception, and the rest goes on", async () => {
    const page = await site.open();
    await outcome(page, { transport: { wisp: "ws://127.0.0.1:9/" } });
    const { out } = await page.evaluate(() => window.run(`
import asyncio
async def main():
  try:
    r, w = await asyncio.open_connection("example.com", 443)
    await r.read(1)
  except OSError as e:
    print(e.errno)
asyncio.run(main())
print("on")
`));
    assert.equal(out, "100\non\n");
  });

  test("a relay that dies in the middle: the program gets an exception", async (t) => {
    const dying = await serveTestPages({ isolate: false, origins: ["*"] });
    t.after(() => dying.close().catch(() => {}));
    const silent = await tcpServer(() => {});
    t.after(silent.close);
    const page = await site.open();
    await outcome(page, { transport: { wisp: relayOf(dying) } });
    const running = page.evaluate((port) => window.run(`
import asyncio
async def main():
  r, w = await asyncio.open_connection("127.0.0.1", ${port})
  w.write(b"x")
  await w.drain()
  print("go")
  try: print(await r.read(1))
  except OSError as e: print(e.errno)
asyncio.run(main())
`), silent.port);
    await page.waitForFunction(() => window.out.includes("go"));
    await dying.close();
    assert.equal((await running).out, "go\n104\n");
  });

  test("wasm that the page's Content-Security-Policy blocks", async (t) => {
    await site.browser.route(site.url, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), "content-security-policy": "script-src 'self' 'unsafe-inline'" } });
    });
    t.after(() => site.browser.unrouteAll());
    const page = await site.open();
    assert.match(await outcome(page), /Content-Security-Policy blocks WebAssembly: allow 'wasm-unsafe-eval'/);
  });

  test("an engine or a MicroPython that is not there", async () => {
    const page = await site.open();
    assert.match(await outcome(page, { engine: "/absent.wasm" }), /absent.wasm|404|WebAssembly/);
    assert.match(await outcome(await site.open(), { micropython: "/absent.mjs" }), /\/absent.mjs/);
  });
});
