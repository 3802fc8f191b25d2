/** Key shares that clients make while their connection is being opened. */

import assert from "node:assert/strict";
import net from "node:net";
import { pipeline } from "node:stream";
import { test } from "node:test";
import tls from "node:tls";

import { createBridge } from "../../web/bridge.js";
import { loadEngine } from "../../web/index.js";
import { LocalNetwork } from "../../web/net/local_network.js";
import { loopback } from "../../web/transports/index.js";
import { inputSource, transportBackend } from "../../web/transports/backend.js";
import { connectedPair, contexts } from "../support/pair.js";
import { cast } from "../support/pki.js";
import { closedPort } from "../support/tcp_servers.js";
import { folder, listen, run } from "../support/runner.js";

const engine = await loadEngine();

/** How many random bytes something takes. @param {() => unknown} action */
function randomness(action) {
  const getRandomValues = crypto.getRandomValues.bind(crypto);
  let taken = 0;
  crypto.getRandomValues = (array) => {
    taken += array.byteLength;
    return getRandomValues(array);
  };
  try {
    action();
  } finally {
    Reflect.deleteProperty(crypto, "getRandomValues");
  }
  return taken;
}

/** ML-KEM's seed and an X25519 key. */
const KEY_SHARE = 64 + 32;

test("what was made ahead one connection need not make", () => {
  const { clientContext, serverContext } = contexts(engine, cast());
  const connect = () => clientContext.connect(Buffer.from("localhost"), false).free();
  const whole = randomness(connect);
  assert.equal(randomness(() => clientContext.prepareKeyShare()), KEY_SHARE);
  assert.equal(randomness(() => clientContext.prepareKeyShare()), 0);
  assert.equal(randomness(connect), whole - KEY_SHARE);
  assert.equal(randomness(connect), whole);

  clientContext.prepareKeyShare();
  const { client } = connectedPair(engine, clientContext, serverContext);
  assert.equal(client.connection?.keyExchangeGroup(), "X25519MLKEM768");
});

test("it is made in programs that may become clients of TLS 1.3", () => {
  /** @param {(functions: ReturnType<typeof createBridge>["functions"]) => void} use */
  const made = (use) => {
    const { functions, prepare } = createBridge(() => new Uint8Array(), engine, { socket: () => undefined });
    use(functions);
    const count = randomness(prepare);
    new engine.Context(0).connect(undefined, true).free(); // takes what was made
    return count > 0;
  };
  assert.equal(made(() => {}), false, "without TLS");
  assert.equal(made(({ imported }) => imported()), true, "before there is a context");
  assert.equal(made(({ new_context }) => new_context(0)), true, "client");
  assert.equal(made(({ new_context }) => new_context(1)), false, "server");
  assert.equal(made(({ new_context }) => new_context(2)), false, "DTLS");
  const older = made(({ new_context, set_versions }) => {
    const context = new_context(0);
    assert.ok(context);
    set_versions(context, 0x0303, 0x0303);
  });
  assert.equal(older, false, "a client of TLS 1.2");
});

test("it is made once where the program has to wait for its connection, and not where it does not wait", async () => {
  const transport = loopback();
  await transport.listen({ port: 80 });
  const network = new LocalNetwork({ ...transportBackend(transport), input: inputSource().input }, () => {});
  network.waits = true;
  let calls = 0;
  network.onConnecting = () => calls++;
  const socket = () => {
    const made = network.get(network.open(2, 1));
    assert.ok(made);
    return made;
  };
  const waiting = socket();
  waiting.timeout = 1;
  waiting.connect("127.0.0.1", 80);
  assert.equal(calls, 1);
  const other = socket();
  other.timeout = 0;
  assert.ok(other.connect("127.0.0.1", 80) < 0);
  assert.equal(calls, 1);
  network.destroy();
});

test("no two connections of a program have a key in common", async (t) => {
  const { ca, server } = cast();
  /** @type {Buffer[]} */
  const hellos = [];
  const securePort = await listen(t, tls.createServer({ key: server.keyPem, cert: server.chainPem }, (socket) => socket.end("hello")));
  const port = await listen(
    t,
    net.createServer((socket) => {
      socket.once("data", (hello) => hellos.push(hello));
      pipeline(socket, net.connect(securePort, "127.0.0.1"), socket, () => {}); // close_notify may come to a peer that is gone
    }),
  );
  const program = `
import socket, ssl
def connected():
    s = socket.socket()
    s.connect(("127.0.0.1", ${port}))
    return s
def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(cafile="ca.pem")
    return made
def read(s, made):
    s = made.wrap_socket(s, server_hostname="localhost")
    print(s.read())
    s.close()
read(connected(), context())
try:
    socket.socket().connect(("127.0.0.1", ${await closedPort()}))
except OSError as error:
    print(error.errno)
one = context()
sockets = [connected() for _ in range(3)]
for s in sockets:
    read(s, one)
read(connected(), context())
`;
  const { stdout, stderr } = await run(["program.py"], { cwd: folder(t, { "program.py": program, "ca.pem": ca.pem }) });
  assert.equal(stderr, "");
  assert.equal(stdout, `b'hello'\n111\n${"b'hello'\n".repeat(4)}`);
  const keys = hellos.map((hello) => String(keyShares(hello).get(X25519)));
  assert.equal(new Set(keys).size, 5);
});

const X25519 = 0x001d;
const KEY_SHARE_EXTENSION = 51;

/**
 * The public keys of a ClientHello, by group (RFC 8446 sections 4.1.2 and 4.2.8).
 *
 * @param {Buffer} hello
 * @returns {Map<number, string>}
 */
function keyShares(hello) {
  let at = 5 + 4 + 2 + 32; // headers of record and message, version and random
  /** @param {number} bytes */
  const skip = (bytes) => (at += bytes);
  /** @param {number} bytes */
  const number = (bytes) => hello.readUIntBE(skip(bytes) - bytes, bytes);
  skip(number(1)); // session
  skip(number(2)); // suites
  skip(number(1)); // compression
  for (let end = number(2) + at; at < end; ) {
    const type = number(2);
    const length = number(2);
    if (type !== KEY_SHARE_EXTENSION) {
      skip(length);
      continue;
    }
    const shares = new Map();
    for (const last = number(2) + at; at < last; ) {
      const group = number(2);
      const size = number(2);
      shares.set(group, hello.toString("hex", at, skip(size)));
    }
    return shares;
  }
  return new Map();
}
