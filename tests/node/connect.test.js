/** TLS for JavaScript in one line: connect() and listen(), with Node's own tls as the other end. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { connect, listen, loopback, startMicroPython } from "../../web/index.node.js";
import { lateTickets } from "../support/late_tickets.js";
import { mistyped } from "../support/mistyped.js";
import { cast } from "../support/pki.js";
import { missing, portOf } from "../support/programs.js";
import { folder as temporaryFolder } from "../support/runner.js";
import { mosquitto } from "../support/servers.js";

/**
 * @import { TestContext } from "node:test"
 * @import { Socket } from "../../types/index.js"
 */

const people = cast();
const ca = people.ca.pem;
const identity = { cert: people.server.chainPem, key: people.server.keyPem };

/**
 * A server of Node's that ends with the test.
 *
 * @param {TestContext} t
 * @param {(peer: tls.TLSSocket) => unknown} onSocket
 * @param {tls.TlsOptions} [options]
 */
async function serve(t, onSocket, options = {}) {
  const server = tls.createServer({ ...identity, ...options }, onSocket).listen(0, "127.0.0.1");
  server.on("tlsClientError", () => {});
  await once(server, "listening");
  t.after(() => server.close());
  return { hostname: "127.0.0.1", port: portOf(server) };
}

/** @param {Pick<Socket, "writable">} socket @param {string | Uint8Array<ArrayBuffer>} data */
async function send(socket, data) {
  const writer = socket.writable.getWriter();
  await writer.write(typeof data === "string" ? new TextEncoder().encode(data) : data);
  writer.releaseLock();
}

/** @param {Pick<Socket, "readable">} socket */
async function readAll(socket) {
  const chunks = [];
  for await (const chunk of socket.readable) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test("a page is fetched over a connection that is verified", async (t) => {
  const address = await serve(t, (peer) => peer.once("data", (request) => peer.end(`HTTP/1.0 200 OK\r\n\r\nyou asked ${request}`)));
  const socket = connect(address, { secureTransport: "on", ca, sni: "localhost" });
  const { version, remoteAddress, localAddress } = await socket.opened;
  assert.equal(version, "TLSv1.3");
  assert.equal(remoteAddress, `127.0.0.1:${address.port}`);
  assert.match(String(localAddress), /^127\.0\.0\.1:\d+$/);
  await send(socket, "GET / HTTP/1.0\r\n\r\n");
  assert.match(String(await readAll(socket)), /you asked GET/);
  await socket.closed;
});

test("calls that make no sense here say what is wrong", async () => {
  for (const address of [undefined, null, {}, "nobody", "localhost:99999"]) {
    assert.throws(() => connect(mistyped(address)), { name: "TypeError", message: /no address of a host and a port: / }, String(address));
  }
  await assert.rejects(startMicroPython(), /startMicroPython\(\) is for pages/);
});

test("what was written before close() arrives, also if tickets come after it", async (t) => {
  const server = await lateTickets(t, people.server);
  const socket = connect({ hostname: "127.0.0.1", port: server.port }, { secureTransport: "on", ca, sni: "localhost" });
  const data = new Uint8Array(512 * 1024); // the kernel holds it while the server does not read
  await send(socket, data);
  await socket.close();
  server.release();
  assert.equal(await server.received, data.length);
});

test("8 MB go both ways, unchanged", async (t) => {
  const data = Uint8Array.from({ length: 8 << 20 }, (_, at) => (at * 31) % 253);
  const address = await serve(t, (peer) => {
    peer.write(data);
    /** @type {Uint8Array[]} */
    const got = [];
    peer.on("data", (bytes) => got.push(bytes));
    peer.on("end", () => peer.end(Buffer.concat(got).equals(data) ? "same" : "other"));
  });
  const socket = connect(address, { secureTransport: "on", ca, sni: "localhost" });
  const sent = new Blob([data]).stream().pipeTo(socket.writable);
  const got = await readAll(socket);
  await sent;
  assert.ok(got.subarray(0, data.length).equals(data));
  assert.equal(String(got.subarray(data.length)), "same");
});

test("connections that are busy at the same time each get what is theirs", async () => {
  const transport = loopback();
  const listener = await listen({ port: 4433 }, { ...identity, transport });
  const length = 300_000;
  /** @param {Pick<Socket, "readable" | "writable">} socket */
  const answer = async (socket) => {
    const { value: [byte] = [] } = await socket.readable.getReader().read();
    await send(socket, new Uint8Array(length).fill(byte));
    await socket.writable.close();
  };
  /** @param {number} byte */
  const ask = async (byte) => {
    const socket = connect("127.0.0.1:4433", { secureTransport: "on", ca, transport });
    await send(socket, Uint8Array.of(byte));
    return (await readAll(socket)).equals(Buffer.alloc(length, byte));
  };
  const answers = (async () => {
    for (let i = 0; i < 4; i++) {
      const socket = await listener.accept();
      assert.ok(socket);
      answer(socket);
    }
  })();
  assert.deepEqual(await Promise.all([1, 2, 3, 4].map(ask)), Array(4).fill(true));
  await answers;
  listener.close();
});

test("a reader may bring its own memory", async (t) => {
  const address = await serve(t, (peer) => peer.end("x".repeat(100_000)));
  const socket = connect(address, { secureTransport: "on", ca, sni: "localhost" });
  const reader = socket.readable.getReader({ mode: "byob" });
  let memory = new ArrayBuffer(16384);
  let total = 0;
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(memory));
    if (done) break;
    total += value.length;
    memory = value.buffer;
  }
  assert.equal(total, 100_000);
});

test("a certificate that nobody vouches for is refused, and the server is told why", async (t) => {
  const server = tls.createServer({ cert: people.unknownAuthority.chainPem, key: people.unknownAuthority.keyPem }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const told = once(server, "tlsClientError");
  const socket = connect(`127.0.0.1:${portOf(server)}`, { secureTransport: "on", ca, sni: "localhost" });
  await assert.rejects(socket.opened, { name: "SocketError", code: "ERR_TLS_CERTIFICATE", message: /not correctly signed by the trusted CA/ });
  await assert.rejects(socket.closed, { code: "ERR_TLS_CERTIFICATE" });
  await assert.rejects(socket.readable.getReader().read(), { code: "ERR_TLS_CERTIFICATE" });
  assert.match((await told)[0].message, /unknown ca/i);
});

test("a name that the certificate does not have is refused", async (t) => {
  const address = await serve(t, () => assert.fail("connected"));
  const socket = connect(address, { secureTransport: "on", ca, sni: "elsewhere.example" });
  await assert.rejects(socket.opened, { code: "ERR_TLS_CERTIFICATE" });
});

test("without ca, Mozilla's roots decide", async (t) => {
  const address = await serve(t, () => assert.fail("connected"));
  await assert.rejects(connect(address, { secureTransport: "on", sni: "localhost" }).opened, { code: "ERR_TLS_CERTIFICATE" });
});

test("verify: false connects to anybody", async (t) => {
  const address = await serve(t, (peer) => peer.end("hello"));
  const socket = connect(address, { secureTransport: "on", verify: false });
  assert.equal(String(await readAll(socket)), "hello");
  await assert.rejects(connect(address, { secureTransport: "on" }).opened, { code: "ERR_TLS_CERTIFICATE" }, "and no later call does");
});

test("both ends show certificates, and agree on a protocol", async (t) => {
  const address = await serve(t, (peer) => peer.end(`${peer.alpnProtocol} ${peer.getPeerCertificate().subject.CN}`), {
    ca, requestCert: true, ALPNProtocols: ["mqtt"],
  });
  const socket = connect(address, {
    secureTransport: "on", ca, sni: "localhost", alpn: ["h2", "mqtt"], cert: people.client.chainPem, key: people.client.keyPem, maximumVersion: "TLSv1.2",
  });
  assert.equal(String(await readAll(socket)), `mqtt client`);
  const { alpn, version } = await socket.opened;
  assert.deepEqual([alpn, version], ["mqtt", "TLSv1.2"]);
});

test("startTls() goes on with TLS on an open connection", async (t) => {
  const server = net.createServer((peer) => {
    peer.once("data", () => {
      peer.write("go on\n");
      const secure = new tls.TLSSocket(peer, { isServer: true, ...identity });
      secure.end("secret");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const plain = connect({ hostname: "127.0.0.1", port: portOf(server) }, { secureTransport: "starttls", ca, sni: "localhost" });
  await send(plain, "STARTTLS\n");
  const reader = plain.readable.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "go on\n");
  reader.releaseLock();
  const socket = plain.startTls();
  assert.equal(plain.upgraded, true);
  assert.equal(String(await readAll(socket)), "secret");
  assert.throws(() => socket.startTls(), TypeError);
});

test("a signal breaks a read off, and a connection that is being opened", async (t) => {
  const address = await serve(t, () => {});
  const abort = new AbortController();
  const socket = connect(address, { secureTransport: "on", ca, sni: "localhost", signal: abort.signal });
  await socket.opened;
  const read = socket.readable.getReader().read();
  abort.abort();
  await assert.rejects(read, { code: "ERR_ABORTED" });
  await assert.rejects(socket.closed, { code: "ERR_ABORTED" });
  await assert.rejects(connect(address, { signal: AbortSignal.abort() }).closed, { code: "ERR_ABORTED" });
});

test("a signal breaks off a handshake that the server does not answer", async (t) => {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const controller = new AbortController();
  const socket = connect({ hostname: "127.0.0.1", port: portOf(server) }, { secureTransport: "on", ca, signal: controller.signal });
  const [peer] = await once(server, "connection");
  await once(peer, "data");
  controller.abort();
  await assert.rejects(socket.opened, { code: "ERR_ABORTED" });
  await assert.rejects(socket.readable.getReader().read(), { code: "ERR_ABORTED" });
  await once(peer.resume(), "close");
});

test("nobody listens", async () => {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  server.close();
  await assert.rejects(connect({ hostname: "127.0.0.1", port }, { secureTransport: "on", ca }).opened, { name: "SocketError", code: "ECONNREFUSED" });
});

test("what cannot be honoured is refused at once", () => {
  assert.throws(() => connect("localhost"), TypeError);
  assert.throws(() => connect({ hostname: "localhost", port: 70000 }), TypeError);
  assert.throws(() => connect("localhost:443", { ca }), /ca is for TLS/);
  assert.throws(() => connect("localhost:443", { secureTransport: mistyped("maybe") }), /secureTransport is one of/);
});

test("an option that does not exist is named", async (t) => {
  const wrong = { CA: ca };
  assert.throws(() => connect("localhost:443", { secureTransport: "on", ...wrong }), { name: "TypeError", message: /^no such option: CA; there are ca, / });
  await assert.rejects(listen({}, { ...identity, ...wrong }), /no such option: CA/);
  const listener = await listen({});
  t.after(() => listener.close());
  const { hostname, port } = listener.address;
  const socket = connect({ hostname, port }, { secureTransport: "starttls" });
  assert.throws(() => socket.startTls(mistyped(wrong)), /no such option: CA/);
  await socket.opened; // nothing has happened to it
  await socket.close();
});

test("a socket that is disposed of has sent what was written, and is closed", async (t) => {
  const listener = await listen({ hostname: "127.0.0.1", port: 0 }, identity);
  t.after(() => listener.close());
  const accepted = listener.accept();
  const socket = connect({ hostname: "localhost", port: listener.address.port }, { secureTransport: "on", ca });
  const writer = socket.writable.getWriter();
  await writer.write(new TextEncoder().encode("the last words"));
  await socket[Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]();
  await socket.closed;
  let text = "";
  for await (const bytes of (await accepted)?.readable ?? []) text += new TextDecoder().decode(bytes);
  assert.equal(text, "the last words");
});

test("a server of ours serves Node's client, and closes", async (t) => {
  const listener = await listen({ hostname: "127.0.0.1", port: 0 }, identity);
  t.after(() => listener.close());
  const serving = (async () => {
    for await (const socket of listener) await socket.readable.pipeTo(socket.writable);
  })();
  const client = tls.connect({ port: listener.address.port, host: "127.0.0.1", ca, servername: "localhost" });
  client.end("echo");
  client.setEncoding("utf8");
  let text = "";
  for await (const chunk of client) text += chunk;
  assert.equal(text, "echo");
  listener.close();
  await serving;
});

test("connections to the same server resume the session", async (t) => {
  /** @type {boolean[]} */
  const reused = [];
  const address = await serve(t, (peer) => {
    reused.push(peer.isSessionReused());
    peer.end("x");
  });
  for (let i = 0; i < 2; i++) await readAll(connect(address, { secureTransport: "on", ca, sni: "localhost" }));
  assert.deepEqual(reused, [false, true]);
});

test("two programs of a page talk over its loopback", async () => {
  const transport = loopback();
  const listener = await listen({ port: 4433 }, { transport, ...identity });
  const client = connect("127.0.0.1:4433", { transport, secureTransport: "on", ca });
  const server = await listener.accept();
  assert.ok(server);
  await send(server, "hello");
  await server.close();
  assert.equal(String(await readAll(client)), "hello");
  listener.close();
});

test("connect() says which method a transport lacks", () => {
  assert.throws(() => connect("example.com:443", { transport: mistyped({ connect() {} }) }), /^TypeError: a transport needs a method close\(\)$/);
  assert.throws(() => connect("example.com:443", { transport: mistyped({ close() {} }) }), /^TypeError: a transport needs a method connect\(\)$/);
  assert.throws(() => connect("example.com:443", { transport: mistyped({ connect() {}, close() {}, listen: true }) }), /listen of a transport is a method/);
});

test("examples/javascript/fetch.js fetches a page", async (t) => {
  const { port } = await serve(t, (peer) => peer.once("data", () => peer.end("HTTP/1.1 200 OK\r\n\r\na page")));
  const folder = temporaryFolder(t, { "ca.pem": ca });
  const example = fileURLToPath(new URL("../../examples/javascript/fetch.js", import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [example, `localhost:${port}`, "/", "ca.pem"], { cwd: folder });
  assert.equal(stdout, "HTTP/1.1 200 OK\r\n\r\na page");
  assert.match(stderr, /^localhost: TLSv1\.3, TLS/);
});

test("examples/javascript/mqtt.js gets its message back from mosquitto", { skip: missing("mosquitto") }, async (t) => {
  const broker = await mosquitto(people.server);
  t.after(broker.stop);
  const folder = temporaryFolder(t, { "ca.pem": ca });
  const example = fileURLToPath(new URL("../../examples/javascript/mqtt.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [example, `localhost:${broker.port}`, "room/kitchen", "21 degrees", "ca.pem"], { cwd: folder });
  assert.match(stdout, /topic: 'room\/kitchen', message: '21 degrees'/);
});

test("what another script has put on Object.prototype is no option", async (t) => {
  const address = await serve(t, (peer) => peer.end());
  /** @type {[string, unknown][]} */
  const polluted = [["verify", false], ["ca", ca]];
  /** @param {string} name */
  const inherit = (name, /** @type {unknown} */ value) => Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
  for (const [name, value] of polluted) {
    inherit(name, value);
    try {
      await assert.rejects(connect(address, { secureTransport: "on" }).opened, { code: "ERR_TLS_CERTIFICATE" }, name);
    } finally {
      Reflect.deleteProperty(Object.prototype, name);
    }
  }
});

test("settings are those of the call, whatever they were before", async (t) => {
  const address = await serve(t, (peer) => peer.on("error", () => {}).end(), { ALPNProtocols: ["h2", "http/1.1"] });
  const bytes = new TextEncoder().encode(ca);
  const options = { secureTransport: /** @type {const} */ ("on"), sni: "localhost", ca: bytes };
  await assert.rejects(connect(address, { ...options, alpn: ["h2,http/1.1"] }).opened);
  const socket = connect(address, { ...options, alpn: ["h2", "http/1.1"] });
  assert.equal((await socket.opened).alpn, "h2");
  await socket.close();
  bytes.set(new TextEncoder().encode(cast().ca.pem.slice(0, bytes.length)));
  await assert.rejects(connect(address, { ...options, alpn: ["h2", "http/1.1"] }).opened);
});

test("a listener with ca lets in only clients that it vouches for", async (t) => {
  const listener = await listen({}, { ...identity, ca });
  t.after(() => listener.close());
  const client = tls.connect({ port: listener.address.port, host: "127.0.0.1", ca, servername: "localhost" });
  client.on("error", () => {});
  t.after(() => client.destroy());
  const socket = await listener.accept();
  await assert.rejects(/** @type {Socket} */ (socket).opened, /NO_CLIENT_CERTIFICATE/);
});
