/** How sockets of connect() and listen() end, as WinterTC's Sockets API has it. */

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import tls from "node:tls";

import { connect, listen } from "../../web/index.node.js";
import { cast } from "../support/pki.js";
import { portOf } from "../support/programs.js";

/**
 * @import { TestContext } from "node:test"
 * @import { ConnectOptions } from "../../types/index.js"
 */

const people = cast();
const ca = people.ca.pem;
const identity = { cert: people.server.chainPem, key: people.server.keyPem };
/** @type {ConnectOptions} */
const SECURE = { secureTransport: "on", ca, sni: "localhost" };
/** @param {string} text */
const bytes = (text) => new TextEncoder().encode(text);
/** @param {Uint8Array[]} chunks */
const text = (chunks) => Buffer.concat(chunks).toString();

/**
 * A server of Node's, with TLS or without; the address and a promise of its first connection.
 *
 * @param {TestContext} t
 * @param {{secure?: boolean, onConnection?: (peer: net.Socket) => void}} [options]
 */
async function serve(t, { secure = true, onConnection = () => {} } = {}) {
  const options = { allowHalfOpen: true, ...identity };
  const server = secure ? tls.createServer(options, onConnection) : net.createServer(options, onConnection);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  /** @type {Set<net.Socket>} */
  const peers = new Set();
  server.on("connection", (/** @type {net.Socket} */ peer) => peers.add(peer.on("error", () => {})));
  t.after(() => {
    server.close();
    for (const peer of peers) peer.destroy();
  });
  return { address: { hostname: "127.0.0.1", port: portOf(server) }, peers, peer: once(server, secure ? "secureConnection" : "connection").then(([peer]) => peer) };
}

/** Deno 2.9's TLS sockets stall in peer.pipe(peer). @param {net.Socket} peer */
function echoAtEnd(peer) {
  /** @type {Uint8Array[]} */
  const chunks = [];
  peer.on("data", (chunk) => chunks.push(chunk)).on("end", () => peer.end(Buffer.concat(chunks)));
}

/** @param {AsyncIterable<Uint8Array>} readable */
async function readAll(readable) {
  const chunks = [];
  for await (const chunk of readable) chunks.push(chunk);
  return text(chunks);
}

for (const secure of [true, false]) {
  const kind = secure ? "TLS" : "TCP";
  const options = secure ? SECURE : {};

  test(`${kind}: close() before the connection is open sends what was written`, async (t) => {
    const { address, peer } = await serve(t, { secure });
    const socket = connect(address, options);
    const writer = socket.writable.getWriter();
    const written = ["one ", "two ", "x".repeat(100_000)].map((part) => writer.write(bytes(part)));
    const closed = socket.close();
    assert.equal(await readAll(await peer), `one two ${"x".repeat(100_000)}`);
    await Promise.all(written);
    await closed;
    await assert.rejects(writer.write(bytes("late")), { name: "SocketError", code: "ERR_CLOSED" });
  });

  test(`${kind}: close() ends a read that waits, and later writes fail with its reason`, async (t) => {
    const { address } = await serve(t, { secure });
    const socket = connect(address, options);
    await socket.opened;
    const reader = socket.readable.getReader();
    const read = reader.read();
    assert.equal(socket.close("enough"), socket.closed);
    assert.equal((await read).done, true);
    await reader.closed;
    await socket.closed;
    const writer = socket.writable.getWriter();
    assert.equal(await writer.write(bytes("x")).catch((reason) => reason), "enough");
  });

  test(`${kind}: the peer's end closes the socket, unless it may be half open`, async (t) => {
    const { address, peer } = await serve(t, { secure });
    const open = connect(address, { ...options, allowHalfOpen: true });
    (await peer).end("the end");
    assert.equal(await readAll(open.readable), "the end");
    const writer = open.writable.getWriter();
    await writer.write(bytes("an answer"));
    await writer.close();
    assert.equal(await readAll(await peer), "an answer");
    await open.closed;

    const { address: another, peer: other } = await serve(t, { secure });
    const closed = connect(another, options);
    (await other).end();
    assert.equal(await readAll(closed.readable), "");
    await closed.closed;
    await assert.rejects(closed.writable.getWriter().write(bytes("x")), { code: "ERR_CLOSED" });
  });

  test(`${kind}: cancelling readable ends reading only; closing writable then closes the socket`, async (t) => {
    const { address, peer } = await serve(t, { secure });
    const socket = connect(address, options);
    (await peer).write("first");
    for await (const chunk of socket.readable) {
      assert.equal(text([chunk]), "first");
      break; // cancels
    }
    const writer = socket.writable.getWriter();
    await writer.write(bytes("still here"));
    await writer.close();
    assert.equal(await readAll(await peer), "still here");
    await socket.closed;
  });
}

for (const secure of [true, false]) {
  test(`${secure ? "TLS" : "TCP"}: pipeTo() ends without an error when the peer has ended its stream`, async (t) => {
    const { address } = await serve(t, { secure, onConnection: echoAtEnd });
    const listener = await listen({}, secure ? identity : {});
    t.after(() => listener.close());
    for (const message of ["", "echo", "x".repeat(300_000)]) {
      const served = listener.accept().then((socket) => socket?.readable.pipeTo(socket.writable));
      const client = connect(listener.address, secure ? SECURE : {});
      const writer = client.writable.getWriter();
      if (message) writer.write(bytes(message));
      writer.close();
      assert.equal(await readAll(client.readable), message);
      await served;
      await client.closed;
      const source = new Blob([message]).stream();
      const socket = connect(address, secure ? SECURE : {});
      const [answer] = await Promise.all([readAll(socket.readable), source.pipeTo(socket.writable)]);
      assert.equal(answer, message);
    }
  });
}

test("a connection to which nothing was written is given up by close(), also amid the handshake", async (t) => {
  const { address, peer } = await serve(t, { secure: false });
  const socket = connect(address, SECURE);
  const reading = socket.readable.getReader().read();
  const [hello] = await once(await peer, "data");
  assert.equal(hello[0], 22); // a handshake record, which nobody answers
  await socket.close();
  await assert.rejects(socket.opened, { name: "SocketError", code: "ERR_CLOSED" });
  assert.equal((await reading).done, true);
  if (!(await peer).readableEnded) await once(await peer, "end");
});

test("a broken connection fails readers and writers that have nothing under way", async (t) => {
  const { address, peer } = await serve(t);
  const abort = new AbortController();
  const socket = connect(address, { ...SECURE, signal: abort.signal });
  await socket.opened;
  const [reader, writer] = [socket.readable.getReader(), socket.writable.getWriter()];
  abort.abort(new Error("enough"));
  for (const promise of [reader.closed, writer.closed, socket.closed, reader.read(), writer.write(bytes("x"))]) {
    await assert.rejects(promise, ({ code, cause }) => code === "ERR_ABORTED" && cause.message === "enough");
  }
  await once((await peer).resume(), "end");
});

test("a signal breaks a close() off whose bytes the peer does not take", async (t) => {
  const { address, peer } = await serve(t, { secure: false });
  const abort = new AbortController();
  const socket = connect(address, { signal: abort.signal });
  const writer = socket.writable.getWriter();
  (await peer).pause();
  const written = Array.from({ length: 8 }, () => writer.write(new Uint8Array(16 << 20)));
  const closed = socket.close();
  abort.abort();
  await assert.rejects(closed, { code: "ERR_ABORTED" });
  await Promise.allSettled(written);
});

test("aborting writable breaks the connection off", async (t) => {
  const { address, peer } = await serve(t);
  const socket = connect(address, SECURE);
  await peer;
  await socket.writable.abort(new Error("no more"));
  await assert.rejects(socket.closed, ({ code, cause }) => code === "ERR_ABORTED" && cause.message === "no more");
  await assert.rejects(socket.readable.getReader().read(), { code: "ERR_ABORTED" });
});

test("settings that are wrong open no connection", async (t) => {
  const { address, peers } = await serve(t, { secure: false });
  const wrong = [{ ca: "none" }, { ca: 5 }, { cert: "none", key: "none" }, { cert: "none" }, { ciphers: ["NONE"] }, { alpn: "h2" }, { sni: "a..b" }, { minimumVersion: "1" }];
  for (const each of wrong) {
    const { opened } = connect(address, { ...SECURE, .../** @type {any} */ (each) });
    await assert.rejects(opened, ({ name, message }) => name === "TypeError" && (message.includes(Object.keys(each)[0]) || /no such version/.test(message)));
  }
  assert.equal(peers.size, 0);
});

test("startTls() sends first what was written before", async (t) => {
  const plaintext = [1, 2, 3].map((digit) => String(digit).repeat(100_000));
  let got = Buffer.alloc(0);
  const { address } = await serve(t, {
    secure: false,
    onConnection(peer) {
      peer.on("readable", function take() {
        for (let chunk; (chunk = peer.read()); ) got = Buffer.concat([got, chunk]);
        if (got.length < 300_000) return;
        peer.off("readable", take);
        peer.unshift(got.subarray(300_000)); // of TLS
        got = got.subarray(0, 300_000);
        new tls.TLSSocket(peer, { isServer: true, ...identity }).end("secret");
      });
    },
  });
  const plain = connect(address, { ...SECURE, secureTransport: "starttls" });
  const writer = plain.writable.getWriter();
  const written = plaintext.map((part) => writer.write(bytes(part)));
  writer.releaseLock();
  const socket = plain.startTls();
  assert.equal(await readAll(socket.readable), "secret");
  assert.equal(String(got), plaintext.join(""));
  await Promise.all([plain.closed, ...written]);
  await assert.rejects(plain.writable.getWriter().write(bytes("x")), { code: "ERR_CLOSED" });
});

test("startTls() refuses a connection whose next bytes a read would take, and closes it", async (t) => {
  const { address, peer } = await serve(t, { secure: false });
  const plain = connect(address, { ...SECURE, secureTransport: "starttls" });
  await plain.opened;
  const reader = plain.readable.getReader();
  const read = reader.read();
  reader.releaseLock();
  await assert.rejects(read, TypeError);
  await assert.rejects(plain.startTls().opened, { name: "TypeError", message: /a read waits/ });
  await once((await peer).resume(), "end");
});

test("a listener ends by its signal, and when it is disposed of; what it accepted goes on", async () => {
  const abort = new AbortController();
  const listener = await listen({}, { ...identity, signal: abort.signal });
  const client = connect(listener.address, SECURE);
  const accepted = await listener.accept();
  assert.ok(accepted);
  await accepted.opened;
  const accepting = listener.accept();
  abort.abort();
  assert.equal(await accepting, null);
  accepted.writable.getWriter().write(bytes("still here"));
  accepted.close();
  assert.equal(await readAll(client.readable), "still here");
  await assert.rejects(listen({}, { signal: abort.signal }), { code: "ERR_ABORTED" });
  const disposed = await listen({});
  await disposed[Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]();
  assert.equal(await disposed.accept(), null);
});
