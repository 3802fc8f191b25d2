import assert from "node:assert/strict";
import { test } from "node:test";
import { instance, interfaces } from "../support/component.js";
import { authority } from "../support/pki.js";
import { ALERT, REFUSAL, VERDICT } from "../support/refused.js";

/**
 * @import { Packed } from "../../dist/component-js/interfaces/micropython-ssl-bulk.js"
 * @import {
 *   Connection, Context, DatagramConnection, Error as TlsError, Link,
 * } from "../../dist/component-js/interfaces/micropython-ssl-tls.js"
 *
 * @typedef {Awaited<ReturnType<typeof instance>>} Tls
 * @typedef {{client: Context, server: Context}} Contexts
 */

const ca = authority();
const certificate = ca.issue({ names: ["localhost"] });
/** @param {string} string */
const text = (string) => new TextEncoder().encode(string);

test("a client and a server talk over whatever carries their bytes", async () => {
  const tls = await instance();
  const [client, server] = pair(tls);
  handshake(client, server);
  assert.equal(client.version(), "TLSv1.3");
  assert(tls.cipherSuites().includes(client.cipherSuite() ?? "none"), client.cipherSuite());
  assert.deepEqual(client.peerCertificate(), new Uint8Array(certificate.der));
  assert.deepEqual(client.write(text("hello")), { tag: "again", val: "send" });
  move(client, server);
  assert.deepEqual(client.write(text("hello")), { tag: "done", val: 5 });
  assert.deepEqual(server.read(3), { tag: "data", val: text("hel") });
  assert.deepEqual(server.read(3), { tag: "data", val: text("lo") });
  assert.deepEqual(server.read(3), { tag: "again", val: "receive" });
  assert.equal(client.close(), true);
  move(client, server);
  assert.deepEqual(server.read(3), { tag: "data", val: new Uint8Array() });
  assert.equal(client.close(), false);
  assert.deepEqual(client.closedError(), { kind: "os-error", code: -0x7100, text: "MBEDTLS_ERR_SSL_BAD_INPUT_DATA" });
  assert.deepEqual(failure(() => client.read(1)), client.closedError());
});

test("many bytes go in words", async () => {
  const { tls, bulk } = await interfaces();
  const [client, server] = pair(tls);
  handshake(client, server);
  for (const length of [1, 7, 8, 9, 1000, 16384]) {
    const data = Uint8Array.from({ length }, (_, i) => i * 31);
    assert.deepEqual(bulk.write(client, pack(data)), { tag: "again", val: "send" });
    const ciphertext = bulk.toSend(client);
    assert.deepEqual(unpack(ciphertext), client.toSend());
    bulk.received(server, ciphertext);
    client.sent(ciphertext.length);
    assert.deepEqual(bulk.write(client, pack(data)), { tag: "done", val: length });
    const plaintext = bulk.read(server, length + 100);
    assert.equal(plaintext.tag, "data");
    assert.deepEqual(unpack(plaintext.val), data);
    assert.deepEqual(bulk.read(server, 1), { tag: "again", val: "receive" });
  }
  bulk.received(server, pack(new Uint8Array()));
  assert.deepEqual(bulk.read(server, 1), { tag: "data", val: { words: new BigUint64Array(), length: 0 } });
});

test("of words that are too few or too many, those count that there are, and the length", async () => {
  const { tls, bulk } = await interfaces();
  const [client, server] = pair(tls);
  handshake(client, server);
  const said = [];
  for (const [words, length] of [[2, 100], [3, 10]]) {
    const data = { words: new BigUint64Array(words).fill(0x6161616161616161n), length };
    bulk.write(client, data);
    move(client, server);
    bulk.write(client, data);
    said.push(server.read(1000).val.length);
  }
  assert.deepEqual(said, [16, 10]);
});

test("entropy is the host's", async () => {
  /** @param {number} byte */
  const hello = async (byte) => {
    const tls = await instance({ random: (length) => new Uint8Array(Number(length)).fill(byte) });
    const client = connect(tls, new tls.Context("client"));
    client.handshake();
    return Buffer.from(client.toSend());
  };
  const first = await hello(7);
  assert.deepEqual(await hello(7), first);
  assert.notDeepEqual(await hello(8), first);
  assert(first.includes(Buffer.alloc(32, 7)), "the client's random is what the host gave");
});

test("a key share made ahead is the next connection's, and no other's", async () => {
  let byte = 7;
  const tls = await instance({ random: (length) => new Uint8Array(Number(length)).fill(byte) });
  const context = new tls.Context("client");
  const share = () => {
    const client = connect(tls, context);
    client.handshake();
    const hello = Buffer.from(client.toSend());
    const header = Buffer.from("11ec04c0", "hex"); // X25519MLKEM768, 1216 bytes
    return hello.subarray(hello.indexOf(header)).subarray(0, 4 + 1216);
  };
  const sevens = share();
  context.prepareKeyShare();
  byte = 8;
  assert.deepEqual(share(), sevens);
  assert.notDeepEqual(share(), sevens);
});

test("certificates are judged by the host's clock", async () => {
  const now = Date.now() / 1000;
  const tls = await instance({ now: () => now + 200 * 365 * 86400 });
  const [client, server] = pair(tls);
  const error = failure(() => handshake(client, server));
  assert.deepEqual(error, { kind: "value-error", code: undefined, text: "\nThe certificate validity has expired\n" });
});

test("a caller that asked for it decides about the peer's chain", async () => {
  const tls = await instance();
  for (const { verdict, error } of [
    { verdict: 0 },
    { verdict: -0x2700, error: { kind: "os-error", code: -0x3000, text: "MBEDTLS_ERR_X509_FATAL_ERROR" } },
    { verdict: 42, error: { kind: "os-error", code: 42, text: "MBEDTLS_ERR_UNKNOWN (0x002A)" } },
    { verdict: undefined, error: { kind: "os-error", code: undefined, text: "" } },
  ]) {
    /** @type {Link[][]} */
    const chains = [];
    const [client, server] = pair(tls, { callback: true });
    const outcome = failure(() => handshake(client, server, () => client.decide((chains.push(client.chain()), verdict))));
    assert.deepEqual(outcome, error, `verdict ${verdict}`);
    assert.deepEqual(chains.map((chain) => chain.map(({ depth }) => depth)), [[1, 0]]);
    assert.deepEqual(Buffer.from(chains[0][1].certificate), certificate.der);
    if (!error) continue;
    move(client, server);
    const alert = { kind: "os-error", code: -0x7780, text: "MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE" };
    assert.deepEqual(failure(() => server.read(1)), alert);
  }
});

/** @type {Record<string, (contexts: Contexts) => (Connection | DatagramConnection)[]>} */
const CONNECTIONS = {
  TLS: connections,
  DTLS: ({ client, server }) => [client.connectDatagram(text("localhost"), false, undefined), server.connectDatagram(undefined, true, text("client"))],
};

for (const [name, connect] of Object.entries(CONNECTIONS)) {
  test(`a server that the program refuses gets the same alert as from MicroPython, over ${name}`, async () => {
    const contexts = both(await instance());
    contexts.client.setVersions("tls12", "tls12"); // in which the alert can be read on the wire
    contexts.client.setVerifyCallback(true);
    let [client, server] = connect(contexts);
    let refusal;
    for (let turns = 0; !refusal; turns++) {
      assert(turns < 20, "nothing is asked");
      const step = client.handshake(0n);
      if (step.val === "verify") refusal = failure(() => client.decide(VERDICT));
      else deliverAll(client, server);
      const error = !refusal && failure(() => server.handshake(0n));
      deliverAll(server, client);
      if (error) [, server] = connect(contexts); // HELLO_VERIFY_REQUIRED: the client comes again
    }
    assert.deepEqual(refusal, { kind: "os-error", ...REFUSAL });
    assert.equal(Buffer.from(client.toSend()).toString("hex").slice(-ALERT.length), ALERT);
  });
}

test("nothing leaves before the decision, whatever is called, and no other connection is asked for it", async () => {
  const tls = await instance();
  const contexts = both(tls);
  contexts.client.setVerifyMode(1);
  contexts.client.setVerifyCallback(true);
  /** @type {Record<string, (client: Connection) => unknown>} */
  const operations = {
    poll: (client) => client.poll(5),
    handshake: (client) => client.handshake(),
    read: (client) => client.read(1),
    write: (client) => client.write(text("secret")),
  };
  for (const [opened, open] of Object.entries(operations)) {
    const [[first, server], [second, other]] = [connections(contexts), connections(contexts)];
    for (const [client, theirs] of [[first, server], [second, other]]) {
      client.handshake();
      move(client, theirs);
      theirs.handshake();
      move(theirs, client);
    }
    assert.deepEqual(open(first), opened === "poll" ? { ready: 5, ask: 0 } : { tag: "again", val: "verify" });
    assert.deepEqual(second.chain(), [], opened);
    assert.deepEqual(second.handshake(), { tag: "again", val: "verify" }, opened);
    assert.equal(failure(() => second.decide(7))?.code, 7);
    for (const operate of [() => first.handshake(), () => first.read(1), () => first.write(text("secret"))]) {
      assert.deepEqual(operate(), { tag: "again", val: "verify" }, opened);
      assert.equal(first.toSend().length, 0, opened);
    }
    assert.equal(first.chain().length, 2, opened);
    assert.equal(first.close(), true);
    assert.equal(first.toSend().length, 0, opened);
    assert.deepEqual(first.chain(), [], opened);
    assert.equal(failure(() => first.decide(0))?.code, -0x7100, opened);
  }
});

test("a fatal error is returned again, and what peers send never traps", async () => {
  const tls = await instance();
  const client = connect(tls, new tls.Context("client"));
  client.handshake();
  client.sent(client.toSend().length);
  client.handshake();
  client.received(text("HTTP/1.0 400 Bad Request\r\n\r\n"));
  const error = failure(() => client.handshake());
  assert.deepEqual(error, { kind: "os-error", code: -0x7200, text: "MBEDTLS_ERR_SSL_INVALID_RECORD" });
  assert.deepEqual(failure(() => client.read(1)), error);
  const next = connect(tls, new tls.Context("client"));
  next.handshake();
  next.sent(next.toSend().length);
  next.received(new Uint8Array());
  assert.deepEqual(failure(() => next.handshake()), { kind: "os-error", code: -0x7280, text: "MBEDTLS_ERR_SSL_CONN_EOF" });
  assert.equal(next.stopped(11, "read"), undefined);
  assert.deepEqual(next.stopped(104, "read"), { kind: "os-error", code: 104, text: "" });
});

test("wrong settings are errors with MicroPython's words", async () => {
  const tls = await instance();
  const context = new tls.Context("client");
  assert.equal(context.verifyMode(), 2);
  assert.equal(new tls.Context("server").verifyMode(), 0);
  /** @param {string} words */
  const valueError = (words) => ({ kind: "value-error", code: undefined, text: words });
  assert.deepEqual(failure(() => context.connect(undefined, false)), valueError("CERT_REQUIRED requires server_hostname"));
  assert.deepEqual(failure(() => context.loadVerifyLocations(text("nonsense"))), valueError("invalid cert"));
  assert.deepEqual(failure(() => context.loadCertChain(certificate.der, text("nonsense"))), valueError("invalid key"));
  assert.deepEqual(failure(() => context.checkPrivateKey(text("nonsense"))), valueError("invalid key"));
  context.checkPrivateKey(text(certificate.keyPem));
  for (const wrong of [
    () => context.setCiphers([]),
    () => context.setCiphers(["TLS-NONE"]),
    () => context.setVersions("tls13", "tls12"),
    () => context.setDtlsMtu(63),
    () => context.setAlpnProtocols([""]),
  ]) {
    assert.deepEqual(failure(wrong), { kind: "os-error", code: -0x5e80, text: "MBEDTLS_ERR_SSL_BAD_CONFIG" });
  }
});

test("secrets are told where a caller asked for them, versions and protocols are negotiated", async () => {
  const tls = await instance();
  const contexts = both(tls);
  contexts.client.setKeyLog(true);
  contexts.client.setVersions("tls12", "tls12");
  for (const context of Object.values(contexts)) context.setAlpnProtocols([Buffer.from("mqtt").toString()]);
  const [client, server] = connections(contexts);
  handshake(client, server);
  assert.equal(client.version(), "TLSv1.2");
  assert.deepEqual(client.alpnProtocol(), text("mqtt"));
  assert.match(contexts.client.takeKeyLog(), /^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$/);
  assert.equal(contexts.client.takeKeyLog(), "");
});

test("datagrams: a server sends a cookie first, lost ones are sent again, each write is a datagram", async () => {
  const tls = await instance();
  const { client: settings, server: serverSettings } = both(tls);
  const client = settings.connectDatagram(text("localhost"), false, undefined);
  const first = serverSettings.connectDatagram(undefined, true, text("127.0.0.1:1"));
  const now = 1000n;
  assert.deepEqual(client.handshake(now), { tag: "again", val: "send" });
  client.sent(); // lost
  assert.deepEqual(client.handshake(now), { tag: "again", val: "receive" });
  const wait = client.wait(now, undefined);
  assert.equal(wait, 1000n);
  assert.deepEqual(client.handshake(now + wait), { tag: "again", val: "send" });
  deliver(client, first);
  const refusal = failure(() => first.handshake(now));
  assert.deepEqual(refusal, { kind: "os-error", code: -0x6a80, text: "MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED" });
  deliver(first, client);
  const server = serverSettings.connectDatagram(undefined, true, text("127.0.0.1:1"));
  for (let turns = 0; ; turns++) {
    assert(turns < 20, "the handshake does not end");
    const steps = [client, server].map((side, index) => {
      const step = side.handshake(now + wait);
      while (side.toSend().length) deliver(side, index ? client : server);
      return step.tag;
    });
    if (steps.every((tag) => tag === "done")) break;
  }
  assert.equal(client.version(), "DTLSv1.2");
  client.write(text("one"), now);
  deliver(client, server);
  client.write(text("one"), now);
  assert.deepEqual(server.read(100, now), { tag: "data", val: text("one") });
  assert.deepEqual(failure(() => client.write(new Uint8Array(4097), now))?.code, -0x7100);
});

/** Contexts of a client and a server that trust the same authority. @param {Tls} tls */
function both(tls) {
  const client = new tls.Context("client");
  client.loadVerifyLocations(text(ca.pem));
  const server = new tls.Context("server");
  server.loadCertChain(text(certificate.chainPem), text(certificate.keyPem));
  return { client, server };
}

/** @param {Contexts} contexts */
function connections({ client, server }) {
  return [client.connect(text("localhost"), false), server.connect(undefined, true)];
}

/** @param {Tls} tls */
function pair(tls, { callback = false } = {}) {
  const contexts = both(tls);
  contexts.client.setVerifyCallback(callback);
  return connections(contexts);
}

/** @param {Tls} tls @param {Context} context */
function connect(tls, context) {
  return context.connect(text("localhost"), false);
}

/** Moves what waits at one side to the other. @param {Connection} from @param {Connection} to */
function move(from, to) {
  const ciphertext = from.toSend();
  if (ciphertext.length) to.received(ciphertext);
  from.sent(ciphertext.length);
}

/** Bytes as `bulk` has them. @param {Uint8Array} bytes */
function pack(bytes) {
  const words = new BigUint64Array(Math.ceil(bytes.length / 8));
  new Uint8Array(words.buffer).set(bytes);
  return { words, length: bytes.length };
}

/** @param {Packed} packed */
function unpack({ words, length }) {
  return new Uint8Array(words.buffer, words.byteOffset, length);
}

/**
 * Moves all that waits at one side, of either kind of connection.
 *
 * @param {Connection | DatagramConnection} from
 * @param {Connection | DatagramConnection} to
 */
function deliverAll(from, to) {
  for (let bytes; (bytes = from.toSend()).length; from.sent(bytes.length)) to.received(bytes);
}

/** @param {DatagramConnection} from @param {DatagramConnection} to */
function deliver(from, to) {
  to.received(from.toSend());
  from.sent();
}

/**
 * @param {Connection} client
 * @param {Connection} server
 * @param {() => void} [verify] Decides about the client's chain.
 */
function handshake(client, server, verify = () => assert.fail("nobody decides about a chain")) {
  for (let turns = 0; turns < 50; turns++) {
    const [ours, theirs] = [client.handshake(), server.handshake()];
    if (ours.tag === "done" && theirs.tag === "done") return;
    if (ours.val === "verify") verify();
    else move(client, server);
    move(server, client);
  }
  assert.fail("the handshake does not end");
}

/**
 * The error record that something fails with; undefined if it does not. @param {() => void} work
 */
function failure(work) {
  try {
    work();
    return undefined;
  } catch (error) {
    const { payload } = /** @type {{payload?: TlsError}} */ (error); // so jco throws it
    if (!payload) throw error;
    const { kind, code, text: words } = payload;
    return { kind, code, text: words };
  }
}
