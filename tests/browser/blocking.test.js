/**
 * Unmodified programs that block, in each mode that can, over the relay of `micropython-ssl serve`.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { MODES, missingBrowser, runIn } from "../support/browser.js";
import { cast } from "../support/pki.js";
import { httpsServer } from "../support/servers.js";
import { Site } from "../support/site.js";
import { echoServer, closedPort, tcpServer, udpEchoServer } from "../support/tcp_servers.js";
import { eventually, sleep } from "../support/transports.js";
import { refusesUnknownAuthority } from "../support/unknown_authority.js";

/** @import { TestPage } from "../support/browser.js" */

const { ca, server: certificate } = cast();
const PROMPT = readFileSync(new URL("../../playground/prompt.py", import.meta.url), "utf8");

for (const { mode, isolate, path } of MODES) describe(`a program in mode ${mode}`, { skip: missingBrowser }, () => {
  const site = new Site({ isolate });
  /** @type {TestPage} */
  let page;
  before(async () => {
    page = await site.open(path);
    const got = await page.evaluate(async (relay) => (await window.start({ transport: { wisp: relay } })).mode, site.relay);
    assert.equal(got, mode);
  });
  after(() => assert.deepEqual(page.problems, []));
  /** @type {Window["run"]} */
  const run = (...program) => runIn(page, ...program);

  test("prints, ends with an exit code, and shows where it failed", async () => {
    assert.deepEqual(await run("print('hello', end='')"), { exit: 0, out: "hello" });
    assert.deepEqual(await run("import sys; print(sys.argv); sys.exit(3)", { name: "prog.py", args: ["a"] }), { exit: 3, out: "['prog.py', 'a']\n" });
    const { exit, out } = await run("def f():\n  raise ValueError('no')\nf()\n");
    assert.equal(exit, 1);
    assert.match(out, /^Traceback \(most recent call last\):\n  File "main.py", line 3, in <module>\n  File "main.py", line 2, in f\nValueError: no\n$/);
  });

  test("talks HTTPS with a verified server", async (t) => {
    const https = await httpsServer(certificate);
    t.after(https.stop);
    const { out } = await run(`
import socket, ssl
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ctx.verify_mode = ssl.CERT_REQUIRED
ctx.load_verify_locations(cadata=${JSON.stringify(ca.pem)}.encode())
s = socket.socket()
s.connect(socket.getaddrinfo("localhost", ${https.port})[0][-1])
s = ctx.wrap_socket(s, server_hostname="localhost")
s.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
print(s.cipher()[1], s.read().split(b"\\r\\n\\r\\n")[1])
s.close()
`);
    assert.equal(out, "TLSv1.3 b'hello\\n'\n");
  });

  test("refuses a server of an unknown authority", (t) => refusesUnknownAuthority(t, run, (port) => `
  import socket
  s = socket.socket()
  s.connect(("localhost", ${port}))
  context.wrap_socket(s, server_hostname="localhost")
`));

  test("moves bytes unchanged, in bulk", async (t) => {
    const echo = await echoServer();
    t.after(echo.close);
    const { out } = await run(`
import socket, hashlib
s = socket.socket()
s.connect(("127.0.0.1", ${echo.port}))
block = bytes(range(256)) * 256
a = hashlib.sha256(); b = hashlib.sha256()
got = bytearray(len(block))
for i in range(64):
  s.write(block); a.update(block)
  s.readinto(got); b.update(got)
print(a.digest() == b.digest())
`);
    assert.equal(out, "True\n");
  });

  test("polls, times out, and is refused as everywhere", async (t) => {
    const silent = await tcpServer(() => {});
    t.after(silent.close);
    const { out } = await run(`
import socket, select, time
s = socket.socket()
s.connect(("127.0.0.1", ${silent.port}))
p = select.poll(); p.register(s, select.POLLIN)
t = time.ticks_ms(); print(p.poll(50), time.ticks_diff(time.ticks_ms(), t) >= 50)
s.settimeout(0.05)
try: s.recv(1)
except OSError as e: print(e.errno)
s.setblocking(False)
print(s.read(1))
try: socket.socket().connect(("127.0.0.1", ${await closedPort()}))
except OSError as e: print(e.errno)
try: socket.socket().connect(("192.0.2.1", 443))
except OSError as e: print(e.errno)
`);
    assert.equal(out, "[] True\n110\nNone\n111\n13\n");
  });

  test("sends and receives datagrams", async (t) => {
    const echo = await udpEchoServer();
    t.after(echo.close);
    const { out } = await run(`
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"ping", ("127.0.0.1", ${echo.port}))
print(s.recvfrom(10))
`);
    assert.equal(out, `(b'ping', ('127.0.0.1', ${echo.port}))\n`);
  });

  test("runs asyncio with 20 connections", async (t) => {
    const echo = await echoServer();
    t.after(echo.close);
    const { out } = await run(`
import asyncio
async def one(i):
  r, w = await asyncio.open_connection("127.0.0.1", ${echo.port})
  w.write(b"number %d\\n" % i); await w.drain()
  line = await r.readline()
  w.close(); await w.wait_closed()
  return line
async def main():
  return await asyncio.gather(*[one(i) for i in range(20)])
print(asyncio.run(main()) == [b"number %d\\n" % i for i in range(20)])
`);
    assert.equal(out, "True\n");
  });

  test("reads what the page gives it to read", async () => {
    const running = run("name = input('name? ')\nprint('hello', name)");
    await page.waitForFunction(() => window.out.includes("name? "));
    await page.evaluate(() => window.mp.input("Ada\n"));
    assert.equal((await running).out, "name? hello Ada\n");
  });

  /** Milliseconds from an interrupt until the program has printed KeyboardInterrupt. */
  const interrupt = () =>
    page.evaluate(async () => {
      const begin = performance.now();
      window.mp.interrupt(10_000);
      const took = () => performance.now() - begin;
      while (!window.out.includes("KeyboardInterrupt") && took() < 10_000) await new Promise((done) => setTimeout(done, 1));
      return took();
    });

  test("is stopped at once wherever it is, and the next one finds its files", async (t) => {
    const silent = await tcpServer(() => {});
    t.after(silent.close);
    const connected = `import socket, ssl\ns = socket.socket()\ns.connect(("127.0.0.1", ${silent.port}))\n`;
    const polled = "import select, sys\np = select.poll()\np.register(sys.stdin, 1)\n";
    await page.evaluate(() => window.mp.writeFile("/data/given", "given"));
    for (const code of [
      "f = open('/data/made', 'w')\nf.write('made')\nf.close()\nprint('go')\nwhile True: pass",
      "import time\nprint('go')\ntime.sleep(100)",
      `${connected}print('go')\ns.read(1)`,
      `${connected}print('go')\nssl.wrap_socket(s)`,
      `${polled}print('go')\np.poll()`,
      `${polled}print('go')\nwhile True: p.poll(1)`,
      "import asyncio\nasync def main(): await asyncio.sleep(100)\nprint('go')\nasyncio.run(main())",
      "print('go')\ninput()",
      "while True: print('go')",
    ]) {
      const times = [];
      for (let i = 0; i < 3; i++) {
        const running = run(code);
        await page.waitForFunction(() => window.out.includes("go"));
        times.push(await interrupt());
        const { exit, out } = await running;
        assert.match(out, /go\nTraceback[^]*KeyboardInterrupt: \n$/, code);
        assert.equal(exit, 1, out);
      }
      // A machine that is busy with something else may be late. So is a page that has output to
      // take and, in mode service-worker, has to tell it to the program.
      const limit = mode === "service-worker" && code.startsWith("while") ? 1000 : 100;
      assert.ok(Math.min(...times) < limit, `${times} ms: ${code}`);
    }
    assert.deepEqual(await run("print(open('/data/given').read(), open('/data/made').read())"), { exit: 0, out: "given made\n" });
  });

  test("shows a line that has not ended while it computes", async () => {
    const running = run("print('half a line', end='')\nwhile True: pass");
    await page.waitForFunction(() => window.out === "half a line");
    await interrupt();
    assert.match((await running).out, /^half a lineTraceback/);
  });

  test("is interrupted at once at the playground's prompt, which goes on", async () => {
    const running = run(PROMPT);
    /** @param {string} text */
    const prompted = (text) => page.waitForFunction((text) => window.out.endsWith(text), text);
    for (const line of ["", "while True: pass\n\n", "input('name? ')\n"]) {
      const times = [];
      for (let i = 0; i < 3; i++) {
        await prompted(">>> ");
        await page.evaluate((line) => {
          window.out = "";
          if (line) window.mp.input(line);
        }, line);
        if (line.startsWith("input")) await prompted("name? ");
        if (line.startsWith("while")) await prompted("... ");
        times.push(await interrupt());
        await prompted("\nKeyboardInterrupt\n>>> ");
      }
      assert.ok(Math.min(...times) < 100, `${times} ms: ${line}`);
    }
    await page.evaluate(() => window.mp.input("print(6 * 7)\n"));
    await prompted("42\n>>> ");
    await page.evaluate(() => window.mp.input(null));
    assert.equal((await running).exit, 0);
  });

  test("that computes without end can catch KeyboardInterrupt, and goes on", async () => {
    const running = run("try:\n  print('go')\n  while True: pass\nexcept KeyboardInterrupt: print('caught')\nprint('on')");
    await page.waitForFunction(() => window.out.includes("go"));
    await page.evaluate(() => window.mp.interrupt(10_000));
    assert.deepEqual(await running, { exit: 0, out: "go\ncaught\non\n" });
  });

  test("that does not let itself be stopped is ended, and the next one finds the files that it closed", async (t) => {
    const echo = await echoServer();
    t.after(echo.close);
    await page.evaluate(() => Promise.all([window.mp.writeFile("/data/given", "given"), window.mp.writeFile("/data/old", "1")]));
    const running = run(`
import os, socket
for i in range(100):
  with open("/data/log", "a") as f: f.write("%d " % i)
os.rename("/data/old", "/data/new")
os.mkdir("/data/gone")
open("/data/gone/file", "w").close()
os.remove("/data/gone/file")
s = socket.socket()
s.connect(("127.0.0.1", ${echo.port}))
print("go")
while True:
  try:
    while True: pass
  except KeyboardInterrupt: pass
`);
    await page.waitForFunction(() => window.out.includes("go"));
    assert.equal(await page.evaluate(() => window.mp.interrupt(100)), false);
    await page.evaluate(() => window.mp.stop(100));
    assert.deepEqual(await running, { exit: 130, out: "go\n\nKeyboardInterrupt: the program did not stop; MicroPython was started anew, with the same files\n" });
    await eventually(() => echo.sockets.size === 0, "the connection is closed");
    const { out } = await run("import os\nfor name in sorted(os.listdir('/data')):\n  if name not in ('gone', 'made'): print(name, len(open('/data/' + name).read().split()))");
    assert.equal(out, "given 1\nlog 100\nnew 1\n");
    await page.evaluate(() => window.mp.stop());
  });

  test("closes its connections when it ends", async (t) => {
    const echo = await echoServer();
    t.after(echo.close);
    const { exit, out } = await run(`import socket\ns = socket.socket()\ns.connect(("127.0.0.1", ${echo.port}))\ns.write(b"x")\ns.read(1)`);
    assert.equal(exit, 0, out);
    for (let i = 0; i < 100 && echo.sockets.size > 0; i++) await sleep(10);
    assert.equal(echo.sockets.size, 0);
  });

  test("keeps its files for the page", async () => {
    await page.evaluate(() => window.mp.writeFile("/data/in.txt", "from the page"));
    const { out } = await run("print(open('/data/in.txt').read())\nopen('/data/out.bin', 'wb').write(bytes(range(4)))");
    assert.equal(out, "from the page\n");
    const files = await page.evaluate(async () => ({
      names: (await window.mp.listFiles()).map(({ path }) => path),
      bytes: [...(await window.mp.readFile("/data/out.bin"))],
    }));
    assert.ok(files.names.includes("/data/out.bin") && files.names.includes("/main.py"), files.names.join(" "));
    assert.deepEqual(files.bytes, [0, 1, 2, 3]);
    await page.evaluate(() => window.mp.removeFile("/data/out.bin"));
    assert.equal((await run("open('/data/out.bin')")).exit, 1);
  });

  test("finds randomness, hashes and the time", async () => {
    const { out } = await run(`
import os, hashlib, time
print(len(os.urandom(100000)), os.urandom(16) != os.urandom(16))
print(hashlib.sha1(b"abc").digest().hex(), hashlib.md5(b"abc").digest().hex())
print(time.time() > 1750000000)
`);
    assert.equal(out, "100000 True\na9993e364706816aba3e25717850c26c9cd0d89d 900150983cd24fb0d6963f7d28e17f72\nTrue\n");
  });

  test("that recurses without end gets an exception", async () => {
    const { out } = await run("def f(): f()\ntry: f()\nexcept RuntimeError as e: print(e)");
    assert.match(out, /recursion|pystack/);
  });
});
