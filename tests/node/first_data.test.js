/**
 * What a TLS connection sends first: the end of the handshake and the first data go together, and
 * neither waits for the program.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, test } from "node:test";
import { cast } from "../support/pki.js";
import { folder, listen, start } from "../support/runner.js";
import { tlsServer } from "../support/servers.js";

/**
 * @import { TestContext } from "node:test"
 * @import { TLSSocket } from "node:tls"
 */

const { ca, server: certificate } = cast();
/** @type {Record<string, Awaited<ReturnType<typeof tlsServer>>>} By version. */
const servers = {};

before(async () => {
  for (const version of /** @type {const} */ (["TLSv1.2", "TLSv1.3"])) {
    /** @param {TLSSocket} socket */
    const answer = (socket) => {
      let request = "";
      socket.setEncoding("utf8").on("data", (text) => {
        request += text;
        if (request.endsWith("\r\n\r\n")) socket.end(`${socket.isSessionReused()}\n`);
      });
    };
    servers[version] = await tlsServer(certificate, answer, { minVersion: version, maxVersion: version });
  }
});
after(() => Promise.all(Object.values(servers).map((server) => server.stop())));

/**
 * Starts a program after what makes `connect()`; it is killed when the test ends.
 *
 * @param {TestContext} t
 * @param {number} port
 * @param {string} source
 */
function program(t, port, source) {
  const child = start(["-c", `
import asyncio, select, socket, ssl, sys, time
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(cafile="ca.pem")
def connect():
    sock = socket.socket()
    sock.connect(("127.0.0.1", ${port}))
    return sock, context.wrap_socket(sock, server_hostname="localhost")
${source}`], { cwd: folder(t, { "ca.pem": ca.pem }) });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

/**
 * A way to a server that keeps, for each connection, what arrived from the client at a time:
 * lengths.
 *
 * @param {TestContext} t
 * @param {{port: number}} server
 */
async function watched(t, server) {
  /** @type {number[][]} */
  const connections = [];
  const port = await listen(t, net.createServer((client) => {
    /** @type {number[]} */
    const arrivals = [];
    connections.push(arrivals);
    const onward = net.connect(server.port, "127.0.0.1");
    client.on("data", (bytes) => arrivals.push(bytes.length)).on("error", () => {});
    onward.on("error", () => {});
    client.pipe(onward).pipe(client);
  }));
  return { port, connections };
}

const WRITES = {
  "one write": [`"GET / HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n"`],
  "a request of several small writes": [`"GET / HTTP/1.0\\r\\n"`, `"Host: localhost\\r\\n"`, `"\\r\\n"`],
};

for (const [what, writes] of Object.entries(WRITES)) {
  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    test(`${what} arrives at once, in ${version} with what ends the handshake, also where a session is resumed`, async (t) => {
      const { port, connections } = await watched(t, servers[version]);
      const child = program(t, port, `
for number in range(3):
    sock, stream = connect()
${writes.map((data) => `    stream.write(${data})`).join("\n")}
    print(stream.readline())
    stream.close()
`);
      const { stdout, stderr } = await child.finished;
      assert.equal(stderr, "");
      const [first, ...later] = stdout.trim().split("\n");
      assert.equal(first, "b'false\\n'");
      assert.ok(later.includes("b'true\\n'"), "none was resumed");
      // The hello and, where the server does not end the handshake, what ends it with the request.
      // close_notify may be one more.
      connections.forEach((arrivals, number) => {
        const beforeRequest = version === "TLSv1.2" && number === 0 ? 2 : 1;
        assert.ok(arrivals.length <= beforeRequest + 2, `connection ${number}: ${arrivals}`);
      });
    });
  }
}

/** What a program does after it has connected, and perhaps written, while its peer waits. */
const MEANWHILE = {
  "reads": "stream.read(1)",
  "polls its stream": "poller = select.poll(); poller.register(stream, select.POLLIN); poller.poll(60_000)",
  "polls its stream ever again": "poller = select.poll(); poller.register(stream, select.POLLIN)\nwhile True: poller.poll(0)",
  "polls another stream": "poller = select.poll(); poller.register(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), select.POLLIN); poller.poll(60_000)",
  "sleeps": "time.sleep(60)",
  "sleeps in asyncio": "asyncio.run(asyncio.sleep(60))",
  "computes": "while True: pass",
  "waits for its standard input": "sys.stdin.readline()",
  "connects once more": "other = connect()\ntime.sleep(60)",
  "closes its stream": "stream.close()\ntime.sleep(60)",
  "closes the socket under its stream": "sock.close()\ntime.sleep(60)",
  "ends": "",
};

for (const [what, source] of Object.entries(MEANWHILE)) {
  test(`what ends the handshake, and what was written, is sent while the program ${what}`, { timeout: 60_000 }, async (t) => {
    for (const written of ["", "hello"]) {
      const server = await tlsServer(certificate, () => {});
      t.after(server.stop);
      const child = program(t, server.port, `
sock, stream = connect()
${written && `stream.write("${written}")`}
${source}
`);
      const [peer] = await once(server.server, "secureConnection");
      if (written) assert.equal(String((await once(peer, "data"))[0]), written);
      child.kill("SIGKILL");
      await child.finished;
    }
  });
}

test("a program that writes more than goes into one segment sends all of it", async (t) => {
  const server = await tlsServer(certificate, (peer) => {
    let length = 0;
    peer.on("data", (bytes) => {
      length += bytes.length;
      if (length === 301_000) peer.end("all\n");
    });
  });
  t.after(server.stop);
  const { stdout, stderr } = await program(t, server.port, `
sock, stream = connect()
for count in [500, 500, 100_000, 200_000]:
    stream.write(bytes(count))
print(stream.readline())
`).finished;
  assert.equal(stderr, "");
  assert.equal(stdout, "b'all\\n'\n");
});
