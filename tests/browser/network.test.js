/**
 * The network of a page: what programs find inside of it, other transports, and what happens when
 * something breaks.
 */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { TAKES_CREDIT, continuePacket, dataPacket, parsePacket } from "../../web/transports/wisp_packets.js";
import { MODES, missingBrowser, runIn, serveTestPages } from "../support/browser.js";
import { cast } from "../support/pki.js";
import { missing } from "../support/programs.js";
import { missingWispJs, websockifyWithTokens, wispJs } from "../support/relays.js";
import { httpsServer } from "../support/servers.js";
import { Site } from "../support/site.js";
import { closedPort, echoServer, floodServer, tcpServer, webSocketServer } from "../support/tcp_servers.js";
import { eventually } from "../support/transports.js";

/**
 * @import { TestContext } from "node:test"
 * @import { Observation, StartOptions, TransportDescription } from "../../types/index.js"
 * @import { TestPage } from "../support/browser.js"
 */

const { ca, server: certificate } = cast();

/** A program that fetches a page over verified TLS and prints its body. @param {number} port */
const fetching = (port) => `
import socket, ssl
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ctx.verify_mode = ssl.CERT_REQUIRED
ctx.load_verify_locations(cadata=${JSON.stringify(ca.pem)}.encode())
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
s = ctx.wrap_socket(s, server_hostname="localhost")
s.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
print(s.read().split(b"\\r\\n\\r\\n")[1])
`;

const SERVING = `
import socket, ssl
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain("/cert.pem", "/key.pem")
s = socket.socket()
s.bind(("127.0.0.1", 8443))
s.listen(1)
print("listening")
c, peer = s.accept()
c = ctx.wrap_socket(c, server_side=True)
print(c.readline())
c.write(b"HTTP/1.0 200 OK\\r\\n\\r\\nfrom the page")
c.close()
`;

const withoutWispJs = await missingWispJs();

for (const { mode, isolate, path } of MODES) describe(`the network of a page in mode ${mode}`, { skip: missingBrowser }, () => {
  const site = new Site({ isolate });
  /** @type {TestPage} */
  let page;
  /** Opens a new page. @param {TestContext} t */
  async function open(t) {
    const opened = await site.open(path);
    t.after(() => opened.close());
    page = opened;
  }
  /**
   * Opens a new page with an interpreter. @param {TestContext} t @param {StartOptions} [options]
   */
  async function fresh(t, options) {
    await open(t);
    await page.evaluate((options) => window.start(options), options);
  }
  /** @param {string} code */
  const run = (code) => runIn(page, code);

  test("has 127.0.0.1, where one interpreter serves TLS to another", async (t) => {
    await open(t);
    const files = { "/cert.pem": certificate.chainPem, "/key.pem": certificate.keyPem };
    const client = fetching(8443);
    const [served, fetched] = await page.evaluate(
      async ({ serving, client, files }) => {
        const network = await window.startNetwork();
        let served = "";
        let fetched = "";
        const one = await window.startMicroPython({ network, files, stdout: (text) => (served += text) });
        const two = await window.startMicroPython({ network, stdout: (text) => (fetched += text) });
        const serverRun = one.run(serving);
        while (!served.includes("listening")) await new Promise((resolve) => setTimeout(resolve, 10));
        await two.run(client);
        await serverRun;
        return [served, fetched];
      },
      { serving: SERVING, client, files },
    );
    assert.equal(fetched, "b'from the page'\n");
    assert.equal(served, "listening\nb'GET / HTTP/1.0\\r\\n'\n");
  });

  test("lets one asyncio program be server and client", async (t) => {
    await fresh(t, { files: { "/cert.pem": certificate.chainPem, "/key.pem": certificate.keyPem, "/ca.pem": ca.pem } });
    const { out } = await run(`
import asyncio, ssl
async def serve(r, w):
  w.write((await r.readline()).upper()); await w.drain(); await w.wait_closed()
async def main():
  sc = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); sc.load_cert_chain("/cert.pem", "/key.pem")
  cc = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); cc.verify_mode = ssl.CERT_REQUIRED; cc.load_verify_locations("/ca.pem")
  await asyncio.start_server(serve, "127.0.0.1", 8443, ssl=sc)
  r, w = await asyncio.open_connection("127.0.0.1", 8443, ssl=cc, server_hostname="localhost")
  w.write(b"hello\\n"); await w.drain()
  print(await r.readline())
asyncio.run(main())
`);
    assert.equal(out, "b'HELLO\\n'\n");
  });

  test("reaches nothing else without a relay", async (t) => {
    await fresh(t);
    const { out } = await run("import socket\ntry: socket.socket().connect(('example.com', 443))\nexcept OSError as e: print(e.errno)");
    assert.equal(out, "101\n");
  });

  describe("over other relays", () => {
    test("websockify", { skip: missing("websockify") }, async (t) => {
      const https = await httpsServer(certificate);
      t.after(https.stop);
      const websockify = await websockifyWithTokens({ page: https.port });
      t.after(websockify.stop);
      await fresh(t, { transport: { websockify: `ws://127.0.0.1:${websockify.port}/?token={token}`, tokens: { [`127.0.0.1:${https.port}`]: "page" } } });
      assert.equal((await run(fetching(https.port))).out, "b'hello\\n'\n");
    });

    test("a relay that closes right after the last bytes loses none of them", async (t) => {
      const wsproxy = await webSocketServer((socket) => {
        for (let i = 0; i < 20; i++) socket.send(new Uint8Array(1000));
        socket.close(1000);
      });
      t.after(wsproxy.close);
      await fresh(t, { transport: { wsproxy: wsproxy.url } });
      const { out } = await run("import socket, time\ns = socket.socket()\ns.connect(('127.0.0.1', 80))\ntime.sleep(0.3)\nprint(len(s.read()))");
      assert.equal(out, "20000\n");
    });

    test("wisp-js-server", { skip: withoutWispJs }, async (t) => {
      const https = await httpsServer(certificate);
      t.after(https.stop);
      const wisp = await wispJs();
      t.after(wisp.stop);
      await fresh(t, { transport: { wisp: `ws://127.0.0.1:${wisp.port}/` } });
      assert.equal((await run(fetching(https.port))).out, "b'hello\\n'\n");
    });

    test("a module of the page", async (t) => {
      await fresh(t, { transport: { module: "/echo_transport.js" } });
      const { out } = await run("import socket\ns = socket.socket()\ns.connect(('example.com', 1))\ns.write(b'abc')\nprint(s.read(3))");
      assert.equal(out, "b'abc'\n");
    });
  });

  describe("when something breaks", () => {
    /** @param {number} port */
    const connecting = (port) => `import socket\ntry:\n  s = socket.socket()\n  s.connect(("127.0.0.1", ${port}))\n  print("connected")\n  print(s.read(1))\nexcept OSError as e: print(e.errno)`;

    test("no relay at the address is 100", async (t) => {
      await fresh(t, { transport: { wisp: `ws://127.0.0.1:${await closedPort()}/` } });
      assert.equal((await run(connecting(1))).out, "100\n");
      const why = await page.evaluate((url) => window.startNetwork({ transport: { wisp: url } }).then((network) => network.open()).catch(({ code, message }) => ({ code, message })), "ws://127.0.0.1:1/");
      assert.ok(why, "the network opens");
      assert.equal(why.code, "ENETDOWN");
      assert.match(why.message, /no relay answers at ws:\/\/127\.0\.0\.1:1\//);
    });

    test("a relay that lets no other pages in is 13 and says so, one that never answers is 110 and says where", async (t) => {
      const other = await serveTestPages();
      t.after(other.close);
      const silent = await tcpServer(() => {});
      t.after(silent.close);
      /** @type {[TransportDescription, number, RegExp][]} */
      const relays = [
        [{ wisp: `ws://127.0.0.1:${other.port}/relay/` }, 13, /the relay refuses this page: pages of http:\/\/127\.0\.0\.1:\d+ may not use this relay/],
        [{ wisp: `ws://127.0.0.1:${silent.port}/`, timeout: 300 }, 110, /the relay ws:\S+ did not answer/],
      ];
      for (const [transport, number, words] of relays) {
        await fresh(t, { transport });
        assert.equal((await run(connecting(1))).out, `${number}\n`);
        const why = await page.evaluate((transport) => window.startNetwork({ transport }).then((network) => network.open()).then(() => "opened", (error) => error.message), transport);
        assert.match(why, words);
      }
    });

    test("a relay that dies resets connections, and is found again when it is back", async (t) => {
      let relay = await serveTestPages();
      const silent = await tcpServer(() => {});
      t.after(silent.close);
      await fresh(t, { transport: { wisp: `ws://127.0.0.1:${relay.port}/relay/` } });
      await relay.close();
      relay = await serveTestPages({ port: relay.port, origins: ["*"] });
      const running = run(connecting(silent.port));
      await page.waitForFunction(() => window.out.includes("connected"));
      await relay.close();
      assert.equal((await running).out, "connected\n104\n");
      assert.equal((await run(connecting(silent.port))).out, "100\n");
      relay = await serveTestPages({ port: relay.port, origins: ["*"] });
      t.after(relay.close);
      const echo = await tcpServer((socket) => socket.end("x"));
      t.after(echo.close);
      assert.equal((await run(connecting(echo.port))).out, "connected\nb'x'\n");
    });

    test("a relay that sends garbage is 71", async (t) => {
      const garbage = await webSocketServer((socket) => socket.send("garbage"));
      t.after(garbage.close);
      await fresh(t, { transport: { wisp: garbage.url } });
      assert.equal((await run(connecting(1))).out, "71\n");
    });

    test("a relay that sends more than it has credit for is 71", async (t) => {
      const flood = dataPacket(1, new Uint8Array(256 * 1024));
      const greedy = await webSocketServer((socket) => {
        socket.on("message", (data) => {
          if (parsePacket(/** @type {Buffer} */ (data))?.type !== 1) return;
          socket.send(continuePacket(1, 4));
          for (let i = 0; i < 64; i++) socket.send(flood);
        });
        socket.send(continuePacket(0, TAKES_CREDIT));
      });
      t.after(greedy.close);
      await fresh(t, { transport: { wisp: greedy.url } });
      const { out } = await run(`
import socket, time
s = socket.socket()
s.connect(("127.0.0.1", 1))
time.sleep_ms(500)
read = 0
try:
    while True:
        read += len(s.recv(65536))
except OSError as e:
    print(e.errno, read < 4 * 1024 * 1024)
`);
      assert.equal(out, "71 True\n");
    });

    test("a description that makes no sense is refused at once", async (t) => {
      await open(t);
      const why = await page.evaluate(() => {
        const transport = /** @type {any} */ ({ wips: "ws://x/" }); // no such option
        return window.start({ transport }).then(() => "started", (error) => error.message);
      });
      assert.match(why, /wisp, websockify, wsproxy and module; got wips/);
    });

    test("a worker that is terminated leaves no connection open", async (t) => {
      const echo = await echoServer();
      t.after(echo.close);
      await fresh(t, { transport: { wisp: site.relay } });
      const running = run(connecting(echo.port)).catch((error) => error.message);
      await eventually(() => echo.sockets.size === 1, "the connection stands");
      await page.evaluate(() => window.mp.terminate());
      assert.match(await running, /terminated/);
      await eventually(() => echo.sockets.size === 0, "the connection is closed");
    });

    test("an interpreter that is terminated disturbs no other one of the page", async (t) => {
      const echo = await echoServer();
      t.after(echo.close);
      await open(t);
      const program = `import socket, sys\ns = socket.socket()\ns.connect(("127.0.0.1", ${echo.port}))\nprint("connected")\nsys.stdin.readline()\ns.write(b"there")\nprint(s.read(5))`;
      const [ended, out] = await page.evaluate(
        async ([relay, program]) => {
          const network = await window.startNetwork({ transport: { wisp: relay } });
          const outs = ["", ""];
          const start = (/** @type {number} */ i) => window.startMicroPython({ network, stdout: (text) => (outs[i] += text) });
          const [one, two] = [await start(0), await start(1)];
          const runs = [one.run(program), two.run(program)];
          runs[0].catch(() => {});
          while (!outs.every((out) => out.includes("connected"))) await new Promise((resolve) => setTimeout(resolve, 10));
          one.terminate();
          two.input("go on\n");
          await runs[1];
          return [await runs[0].catch((error) => error.message), outs[1]];
        },
        [site.relay, program],
      );
      assert.equal(ended, "terminated");
      assert.equal(out, "connected\nb'there'\n");
    });

    test("a page that is closed leaves no connection open", async (t) => {
      const echo = await echoServer();
      t.after(echo.close);
      await fresh(t, { transport: { wisp: site.relay } });
      run(connecting(echo.port)).catch(() => {});
      await eventually(() => echo.sockets.size === 1, "the connection stands");
      await page.close();
      await eventually(() => echo.sockets.size === 0, "the connection is closed");
    });

    test("a missing MicroPython is named", async (t) => {
      await open(t);
      const why = await page.evaluate(() => window.start({ component: "/absent.wasm" }).then(() => "started", (error) => error.message));
      assert.match(why, /^MicroPython cannot be loaded from \S+\/absent\.wasm: 404/);
    });
  });

  // A service worker's answers come by way of the page.
  if (mode !== "service-worker") test("a page that is busy makes no connection wait", async (t) => {
    const echo = await echoServer();
    t.after(echo.close);
    await fresh(t, { transport: { wisp: site.relay } });
    await page.evaluate(() => {
      setInterval(() => {
        for (const until = performance.now() + 50; performance.now() < until; );
      }, 51);
    });
    const { out } = await run(`
import socket, time
s = socket.socket()
s.connect(("127.0.0.1", ${echo.port}))
times = []
for i in range(100):
  t = time.ticks_us()
  s.write(b"x"); s.read(1)
  times.append(time.ticks_diff(time.ticks_us(), t))
print(sorted(times)[50])
`);
    assert.ok(Number(out) < 25_000, `half of the round trips took ${out.trim()} us or less`);
  });

  test("a program that does not read makes the sender wait", async (t) => {
    const flood = await floodServer(200 * 1024 * 1024);
    t.after(flood.close);
    await fresh(t, { transport: { wisp: site.relay } });
    const { exit, out } = await run(`import socket, time\ns = socket.socket()\ns.connect(("127.0.0.1", ${flood.port}))\ns.read(1)\ntime.sleep(3)`);
    assert.equal(exit, 0, out);
    assert.ok(flood.sent < 32 * 1024 * 1024, `${flood.sent} bytes were taken`);
  });
});

describe("who watches the connections of a program", { skip: missingBrowser }, () => {
  const site = new Site();
  /** @type {TestPage} */
  let page;
  before(async () => {
    page = await site.open();
    await page.evaluate(async (relay) => {
      window.connections = new Map();
      const keep = (/** @type {Observation} */ { tls, ...connection }) => {
        const certificates = tls?.certificates.map(({ length }) => length) ?? [];
        window.connections.set(connection.id, { ...connection, tls: tls && { ...tls, certificates } });
      };
      await window.start({ transport: { wisp: relay }, onConnection: keep });
    }, site.relay);
  });
  /** What was seen of a program's connections. @param {string} code */
  const watched = async (code) => {
    await page.evaluate(() => window.connections.clear());
    await runIn(page, code);
    return page.evaluate(() => [...window.connections.values()]);
  };

  test("sees what secures them and how the handshake went", async (t) => {
    const https = await httpsServer(certificate);
    t.after(https.stop);
    const [{ host, port, tls, closed, sent, received }] = await watched(fetching(https.port));
    assert.deepEqual([host, port], ["127.0.0.1", https.port]);
    assert.ok(tls);
    assert.equal(tls.name, "localhost");
    assert.equal(tls.version, "TLSv1.3");
    assert.match(tls.suite ?? "", /^TLS1-3-/);
    assert.match(tls.group ?? "", /X25519/);
    assert.deepEqual(tls.certificates, [certificate.der.length]);
    assert.deepEqual(tls.records.slice(0, 2).map(({ out, what }) => [out, what]), [[true, "ClientHello"], [false, "ServerHello"]]);
    assert.ok(tls.records.some(({ what }) => what === "encrypted data"));
    assert.ok(sent > 300 && received > 1000 && closed !== null && tls.failure === null);
  });

  test("sees why they fail", async (t) => {
    const https = await httpsServer(cast().unknownAuthority);
    t.after(https.stop);
    const [{ tls }] = await watched(fetching(https.port));
    assert.ok(tls);
    assert.match(tls.failure ?? "", /not correctly signed by the trusted CA/);
    assert.equal(tls.established, null);
    assert.equal(tls.certificates.length, 1);
    assert.match(await page.evaluate(() => window.out), /ValueError: \nThe certificate is not correctly signed by the trusted CA\n/, "what the program saw");
  });

  test("sees alerts and plain connections", async (t) => {
    const https = await httpsServer(certificate, { tls: { maxVersion: "TLSv1.2", ciphers: "AES128-SHA" } });
    t.after(https.stop);
    const [{ tls }] = await watched(fetching(https.port));
    assert.ok(tls?.records.some(({ out, what }) => !out && what === "alert: handshake_failure"), JSON.stringify(tls));
    const echo = await echoServer();
    t.after(echo.close);
    const [plain] = await watched(`import socket\ns = socket.socket()\ns.connect(("127.0.0.1", ${echo.port}))\ns.write(b"12345")\ns.read(5)`);
    assert.deepEqual([plain.tls, plain.sent, plain.received], [null, 5, 5]);
  });
});
