/** The engine in wasm, driven from JavaScript. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { BLOCKED, FAILED, loadEngine, TlsSocket } from "../../web/index.js";
import { connectedPair, contexts, wire } from "../support/pair.js";
import { cast } from "../support/pki.js";

const engine = await loadEngine();
const { clientContext, serverContext } = contexts(engine, cast());

/** @param {TlsSocket} from @param {TlsSocket} to @param {Uint8Array} data */
function send(from, to, data) {
  const out = new Uint8Array(data.length);
  let got = 0;
  for (let sent = 0; sent < data.length; ) {
    const count = from.write(() => data, sent, data.length - sent);
    assert.ok(count > 0);
    sent += count;
    for (let n; (n = to.read(() => out, got, out.length - got)) > 0; ) got += n;
  }
  return out.subarray(0, got);
}

test("a client and a server talk, and know what they agreed on", () => {
  const { client, server } = connectedPair(engine, clientContext, serverContext);
  assert.equal(client.connection?.version(), "TLSv1.3");
  assert.equal(client.connection?.cipherSuite(), "TLS1-3-CHACHA20-POLY1305-SHA256");
  assert.equal(client.connection?.keyExchangeGroup(), "X25519MLKEM768");
  const data = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7) % 251);
  assert.deepEqual(send(client, server, data), data);
  assert.deepEqual(send(server, client, data), data);
  assert.equal(client.read(() => data, 0, 10), BLOCKED);
});

test("the peer's end is the end of the file", () => {
  const { client, server, right } = connectedPair(engine, clientContext, serverContext);
  assert.equal(server.close(), true);
  right.close();
  assert.equal(client.read(() => new Uint8Array(9), 0, 9), 0);
  assert.equal(server.close(), false);
});

test("a transport that takes no bytes would block, and gets them later", () => {
  const [left] = wire();
  const { send } = left;
  left.send = () => 0;
  const client = new TlsSocket(engine, clientContext.connect(Buffer.from("localhost"), false), left);
  assert.equal(client.handshake(), BLOCKED);
  const [READABLE, WRITABLE] = [1, 4];
  assert.equal(client.poll(READABLE), WRITABLE << 16, "it waits until the transport takes some");
  left.send = send;
  assert.ok(Number(client.connection?.toSendLength()) > 0);
  assert.equal(client.handshake(), BLOCKED);
  assert.equal(client.connection?.toSendLength(), 0);
  client.close();
});

test("an error says what Python will raise", () => {
  const stranger = new engine.Context(0);
  stranger.setTime(Date.now() / 1000);
  stranger.loadVerifyLocations(cast().ca.der);
  const { client, server } = connectedPair(engine, stranger, serverContext);
  assert.equal(client.handshake(), FAILED);
  assert.equal(client.failure?.errno, -9984);
  assert.equal(server.read(() => new Uint8Array(9), 0, 9), FAILED);
  assert.equal(server.failure?.name, "OSError");
  assert.equal(server.failure?.message, "MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE");
  assert.throws(() => stranger.loadCertChain(new Uint8Array(3), new Uint8Array(3)), { name: "ValueError", message: "invalid key" });
});

test("a closed connection answers every use with an error", () => {
  const { client } = connectedPair(engine, clientContext, serverContext);
  client.close();
  assert.equal(client.read(() => new Uint8Array(9), 0, 9), FAILED);
  assert.equal(client.failure?.errno, -28928);
  assert.equal(client.write(() => new Uint8Array(9), 0, 9), FAILED);
  assert.equal(client.poll(1), 0x20);
});

/**
 * Makes fifty pairs of connections, many times over: were they kept, the memory would grow by
 * tens of megabytes. One page more may be needed where signatures of different lengths leave gaps,
 * and 16 once where a gap no longer has the MiB in which each operation looks for room.
 *
 * @param {() => unknown} makeAndDrop
 */
async function assertNoGrowth(makeAndDrop) {
  await makeAndDrop();
  const before = engine.bytes().length;
  for (let round = 0; round < 8; round++) await makeAndDrop();
  const pages = (engine.bytes().length - before) / 65536;
  assert.ok(pages <= 17, `${pages} pages more`);
}

test("close() frees a connection", async () => {
  await assertNoGrowth(() => {
    for (let i = 0; i < 50; i++) {
      const { client, server } = connectedPair(engine, clientContext, serverContext);
      client.close();
      server.close();
    }
  });
});

test("Symbol.dispose frees a connection", async () => {
  await assertNoGrowth(() => {
    for (let i = 0; i < 50; i++) {
      const { client, server } = connectedPair(engine, clientContext, serverContext);
      client[Symbol.dispose ?? Symbol.for("Symbol.dispose")]();
      server[Symbol.dispose ?? Symbol.for("Symbol.dispose")]();
    }
  });
});

test("garbage collection frees a connection", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  await assertNoGrowth(async () => {
    for (let i = 0; i < 50; i++) connectedPair(engine, clientContext, serverContext);
    for (let i = 0; i < 5; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
});
