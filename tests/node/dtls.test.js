/** DTLS in JavaScript and in programs of the runner. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { BLOCKED, DtlsSocket, FAILED, loadEngine } from "../../web/index.js";
import { bytesPerHalfOpenClient } from "../../benches/lib/half-open.js";
import { referenceMicroPython } from "../../scripts/lib/reference-micropython.js";
import { cast } from "../support/pki.js";
import { missing, start } from "../support/programs.js";
import { INTERPRETER, run, runCode } from "../support/runner.js";

/**
 * @import { AddressInfo } from "node:net"
 * @import { SyncTransport } from "../../types/index.js"
 */

const EAGAIN = 11;
const ETIMEDOUT = 110;

const engine = await loadEngine();
const { ca, server: certificate } = cast();
const folder = mkdtempSync(join(tmpdir(), "dtls-"));
after(() => rmSync(folder, { recursive: true }));
for (const [name, content] of [["ca.pem", ca.pem], ["chain.pem", certificate.chainPem], ["key.pem", certificate.keyPem]]) {
  writeFileSync(join(folder, name), content);
}
/** @param {string} name */
const example = (name) => new URL(`../../examples/${name}`, import.meta.url).pathname;

const serverContext = new engine.Context(3);
serverContext.setTime(Date.now() / 1000);
serverContext.loadCertChain(Buffer.from(certificate.chainPem), Buffer.from(certificate.keyPem));
const clientContext = new engine.Context(2);
clientContext.setTime(Date.now() / 1000);
clientContext.loadVerifyLocations(ca.der);

/** A pair of datagram transports that never wait. */
function wire() {
  /** @type {Uint8Array[][]} */
  const queues = [[], []];
  /** @param {number} own @param {number} other @returns {SyncTransport} */
  const end = (own, other) => ({
    send(bytes, offset, length) {
      queues[other].push(bytes.slice(offset, offset + length));
      return length;
    },
    recvInto(bytes, offset, length) {
      const datagram = queues[own].shift();
      if (datagram === undefined) return -EAGAIN;
      bytes.set(datagram.subarray(0, length), offset);
      return Math.min(length, datagram.length);
    },
  });
  return [end(0, 1), end(1, 0)];
}

/** @param {SyncTransport} transport */
const newClient = (transport) => new DtlsSocket(engine, clientContext.connectDatagram(Buffer.from("localhost"), false), transport);
/** @param {SyncTransport} transport */
const newServer = (transport) => new DtlsSocket(engine, serverContext.connectDatagram(undefined, true, Buffer.from("somebody")), transport);

function connected() {
  const [left, right] = wire();
  const client = newClient(left);
  assert.equal(client.handshake(), BLOCKED);
  const first = newServer(right);
  assert.equal(first.handshake(), FAILED);
  assert.equal(first.failure?.errno, -27264);
  assert.equal(first.failure?.message, "MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED");
  first.close();
  const server = newServer(right);
  for (let turn = 0; turn < 2; turn++) {
    client.handshake();
    server.handshake();
  }
  assert.equal(client.handshake(), 0);
  assert.equal(server.handshake(), 0);
  return { client, server };
}

/** @param {DtlsSocket} socket */
function read(socket, length = 9000) {
  const bytes = new Uint8Array(length);
  const count = socket.read(() => bytes, 0, length);
  return count < 0 ? count : bytes.subarray(0, count);
}

test("datagrams go both ways, each as it was written", () => {
  const { client, server } = connected();
  assert.equal(client.connection?.version(), "DTLSv1.2");
  assert.equal(client.connection?.cipherSuite(), server.connection?.cipherSuite());
  for (const length of [1, 100, 4096]) {
    const data = Uint8Array.from({ length }, (_, at) => at % 251);
    assert.equal(client.write(() => data, 0, length), length);
    assert.deepEqual(read(server), data);
  }
  server.write(() => Buffer.from("abcdef"), 0, 6);
  assert.deepEqual(read(client, 2), new Uint8Array(Buffer.from("ab")));
  assert.deepEqual(read(client), new Uint8Array(Buffer.from("cdef")));
  assert.equal(read(client), BLOCKED);
  assert.equal(client.write(() => new Uint8Array(4097), 0, 4097), FAILED);
  assert.equal(client.failure?.errno, -28928);
  server.close();
  assert.equal(client.poll(1), 0x20);
});

test("nothing is kept for clients that said hello and never showed their cookie", async () => {
  assert.equal(await bytesPerHalfOpenClient(engine), 0);
});

/**
 * A blocking transport whose peer is a function from datagrams to answers.
 *
 * @param {number} timeout
 * @param {(datagram: Uint8Array) => Uint8Array[]} answer
 * @returns {SyncTransport & {timeout: number, waits: number[]}}
 */
function blocking(timeout, answer) {
  /** @type {Uint8Array[]} */
  const waiting = [];
  return {
    timeout,
    waits: [],
    send(bytes, offset, length) {
      waiting.push(...answer(bytes.slice(offset, offset + length)));
      return length;
    },
    recvInto(bytes, offset) {
      const datagram = waiting.shift();
      if (datagram) {
        bytes.set(datagram, offset);
        return datagram.length;
      }
      assert.ok(Number.isFinite(this.timeout), "a wait without end");
      this.waits.push(this.timeout);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.timeout);
      return -ETIMEDOUT;
    },
  };
}

test("a blocked handshake repeats what was lost", () => {
  /** @type {SyncTransport[]} */
  let ends;
  /** @type {SyncTransport} */
  const current = { recvInto: (...args) => ends[1].recvInto(...args), send: (...args) => ends[1].send(...args) };
  let server = newServer(current);
  let losses = 1;
  const transport = blocking(Infinity, (datagram) => {
    if (losses-- > 0) return [];
    ends = wire();
    const [left] = ends;
    left.send(datagram, 0, datagram.length);
    if (server.handshake() === FAILED) server = newServer(current);
    const answers = [];
    for (const bytes = new Uint8Array(2000); ; ) {
      const count = left.recvInto(bytes, 0, 2000);
      if (count < 0) return answers;
      answers.push(bytes.slice(0, count));
    }
  });
  const client = newClient(transport);
  const begin = performance.now();
  assert.equal(client.handshake(), 0);
  assert.ok(performance.now() - begin >= 990);
  assert.equal(transport.timeout, Infinity);
});

test("a socket's own timeout ends a wait, however often something is repeated meanwhile", () => {
  const transport = blocking(1500, () => []);
  const client = newClient(transport);
  const begin = performance.now();
  assert.equal(client.handshake(), FAILED);
  assert.equal(client.failure?.errno, ETIMEDOUT);
  const took = performance.now() - begin;
  assert.ok(took >= 1490, `${took} ms`);
  const wanted = transport.waits.reduce((sum, wait) => sum + wait);
  assert.ok(wanted <= 1501 && transport.waits.length <= 2, `${transport.waits} ms`);
  assert.equal(transport.timeout, 1500);
});

test("datagrams that are no answer prolong no timeout", async () => {
  const stranger = createSocket("udp4");
  stranger.bind(0, "127.0.0.1");
  await once(stranger, "listening");
  let timer;
  stranger.on("message", (_, { port, address }) => (timer ??= setInterval(() => stranger.send("no record", port, address), 100)));
  const { stdout, stderr } = await runCode(`
import socket, tls
ctx = tls.SSLContext(tls.PROTOCOL_DTLS_CLIENT)
ctx.verify_mode = tls.CERT_NONE
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect(("127.0.0.1", ${stranger.address().port}))
sock.settimeout(1.5)
try:
    ctx.wrap_socket(sock)
except OSError as error:
    print(error)
`);
  clearInterval(timer);
  stranger.close();
  assert.equal(stderr, "");
  assert.match(stdout, /110/);
});

test("a program's datagrams get through a network that loses a quarter of them", async (t) => {
  const port = await freeUdpPort();
  const server = await start(INTERPRETER[0], [...INTERPRETER.slice(1), example("dtls_server.py"), "chain.pem", "key.pem", port], { cwd: folder, ready: /dtls:/ });
  t.after(server.stop);
  const proxy = await lossyProxy(Number(port), (from, index) => index % 4 === (from === "client" ? 0 : 1));
  t.after(() => proxy.close());
  const args = [example("dtls_client.py"), "localhost", String(proxy.port), join(folder, "ca.pem"), "one", "two"];
  const { stdout, stderr } = await run(args, { limit: 60_000 });
  assert.equal(stderr, "");
  assert.match(stdout, /DTLSv1\.2\n\d: ONE\n\d: TWO\n/);
});

test("dtls_server.py answers several clients at the same time", { skip: missing("openssl") }, async (t) => {
  const port = await freeUdpPort();
  const server = await start(INTERPRETER[0], [...INTERPRETER.slice(1), example("dtls_server.py"), "chain.pem", "key.pem", port], { cwd: folder, ready: /dtls:/ });
  t.after(server.stop);
  const clients = [];
  for (let number = 0; number < 3; number++) {
    const client = await start("openssl", ["s_client", "-dtls1_2", "-connect", `127.0.0.1:${port}`, "-CAfile", "ca.pem", "-quiet"], { cwd: folder });
    t.after(client.stop);
    clients.push(client);
  }
  for (const [number, client] of clients.entries()) client.child.stdin.write(`hello from ${number}\n`);
  for (const [number, client] of clients.entries()) await client.printed(new RegExp(`1: HELLO FROM ${number}`));
  const { stdout } = await run([example("dtls_client.py"), "localhost", port, join(folder, "ca.pem"), "among others"]);
  assert.match(stdout, /1: AMONG OTHERS/);
  clients[1].child.stdin.write("again\n");
  await clients[1].printed(/2: AGAIN/);
});

test("real MicroPython is understood in both roles", { timeout: 300_000 }, async (t) => {
  const real = await referenceMicroPython().catch((error) => error);
  if (typeof real !== "string") return t.skip(real.message);
  const ours = INTERPRETER;
  for (const [serving, asking] of [[ours, [real]], [[real], ours]]) {
    const port = await freeUdpPort();
    const server = await start(serving[0], [...serving.slice(1), example("dtls_server.py"), "chain.pem", "key.pem", port], {
      cwd: folder,
      ready: /dtls:/,
    });
    t.after(server.stop);
    const client = await start(asking[0], [...asking.slice(1), example("dtls_client.py"), "localhost", port, "ca.pem", "one", "two"], { cwd: folder });
    assert.equal((await client.ended()).code, 0, client.output());
    assert.match(client.output(), /DTLSv1\.2\n1: ONE\n2: TWO\n/);
  }
});

test("settings that DTLS has, and those that it refuses", async () => {
  const { stdout, stderr } = await runCode(`
import io, tls
class Nowhere(io.IOBase):
    def write(self, buf): return len(buf)
    def readinto(self, buf): return None
    def ioctl(self, request, arg): return 0
def attempt(action, *args, **named):
    try:
        return action(*args, **named)
    except (OSError, ValueError, TypeError) as error:
        return error
ctx = tls.SSLContext(tls.PROTOCOL_DTLS_CLIENT)
print(ctx.verify_mode, ctx.dtls_mtu)
ctx.dtls_mtu = 300
print(ctx.dtls_mtu, repr(attempt(setattr, ctx, "dtls_mtu", 10)))
print(repr(attempt(ctx.wrap_socket, Nowhere())))
ctx.verify_mode = 0
stream = ctx.wrap_socket(Nowhere(), do_handshake_on_connect=False)
print(stream.write(b"x"), stream.read(1), stream.cipher())
stream.close()
print(repr(attempt(stream.send, b"x")))
print(repr(attempt(stream.send, bytes(5000))))
ctx.set_alpn_protocols(["h2"])
print(repr(attempt(ctx.wrap_socket, Nowhere(), do_handshake_on_connect=False)))
server = tls.SSLContext(tls.PROTOCOL_DTLS_SERVER)
for client_id in (None, 4, b"", "text", bytearray(3), memoryview(b"view")):
    print(repr(attempt(server.wrap_socket, Nowhere(), do_handshake_on_connect=False, client_id=client_id)))
`);
  assert.equal(stderr, "");
  const bad = "OSError(-28928, 'MBEDTLS_ERR_SSL_BAD_INPUT_DATA')";
  const refused = "OSError(-24192, 'MBEDTLS_ERR_SSL_BAD_CONFIG')";
  assert.deepEqual(stdout.trim().split("\n"), [
    "2 1200",
    `300 ${refused}`,
    "ValueError('CERT_REQUIRED requires server_hostname',)",
    "None None (None, None)",
    bad,
    bad,
    refused,
    bad,
    bad,
    ...Array(4).fill("<SSLSocket>"),
  ]);
});

async function freeUdpPort() {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return String(port);
}

/**
 * Carries datagrams between one client and a server, but for those that are lost.
 *
 * @param {number} port
 * @param {(from: "client" | "server", index: number) => boolean} loses
 */
async function lossyProxy(port, loses) {
  const [front, back] = [createSocket("udp4"), createSocket("udp4")];
  front.bind(0, "127.0.0.1");
  await once(front, "listening");
  /** @type {AddressInfo} */
  let client;
  const counts = { client: 0, server: 0 };
  front.on("message", (bytes, from) => {
    client = from;
    if (!loses("client", counts.client++)) back.send(bytes, port, "127.0.0.1");
  });
  back.on("message", (bytes) => {
    if (!loses("server", counts.server++)) front.send(bytes, client.port, client.address);
  });
  return {
    port: front.address().port,
    close() {
      front.close();
      back.close();
    },
  };
}
