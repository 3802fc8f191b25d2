/** The network inside a page, pairs of streams as a transport, and descriptions of transports. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import WebSocket from "ws";
import { EINPROGRESS, EISCONN, ENOPROTOOPT, EPIPE } from "../../web/net/errno.js";
import { LocalNetwork } from "../../web/net/local_network.js";
import { AF_INET, SOCK_DGRAM, SOCK_STREAM } from "../../web/net/network.js";
import { StreamSocket } from "../../web/net/stream.js";
import { inputSource, transportBackend } from "../../web/transports/backend.js";
import { createTransport, inPage, loopback, streams } from "../../web/transports/index.js";
import { mistyped } from "../support/mistyped.js";
import { webSocketServer } from "../support/tcp_servers.js";
import { bytesOf, eventually, fails, readAll, readExactly } from "../support/transports.js";

/**
 * @import { TransportLike, TransportListener } from "../../types/index.js"
 * @import { OptionValue } from "../../web/net/server.js"
 */

const HERE = "127.0.0.1";

/** @param {Pick<TransportListener, "accept">} listener */
async function accepted(listener) {
  const connection = await listener.accept();
  assert.ok(connection);
  return connection;
}

/** @param {LocalNetwork} network @param {number} type */
function opened(network, type) {
  const socket = network.get(network.open(AF_INET, type));
  assert.ok(socket);
  return socket;
}

describe("a network inside the page", () => {
  test("connects a client to a server", async () => {
    const network = loopback();
    const listener = await network.listen({ host: HERE, port: 8443 });
    const client = await network.connect({ host: HERE, port: 8443 });
    const server = await accepted(listener);
    await client.write(bytesOf("hello"));
    client.close();
    assert.equal(String(await readAll(server)), "hello");
    assert.equal(client.peer?.port, 8443);
    assert.ok(server.peer && server.peer.port >= 49152);
  });

  test("takes any free port for port 0 and no port twice", async () => {
    const network = loopback();
    const first = await network.listen({ port: 0 });
    const second = await network.listen({ port: 0 });
    assert.notEqual(first.address.port, second.address.port);
    await fails(network.listen({ port: first.address.port }), "EADDRINUSE");
    first.close();
    await network.listen({ port: first.address.port });
  });

  test("refuses where nothing listens, where listening ended, and where too many wait, which are more than the backlog", async () => {
    const network = loopback();
    await fails(network.connect({ host: HERE, port: 1 }), "ECONNREFUSED");
    const listener = await network.listen({ port: 1, backlog: 2 });
    const waiting = await network.connect({ host: HERE, port: 1 });
    for (let more = 1; more < 1024; more++) await network.connect({ host: HERE, port: 1 });
    await fails(network.connect({ host: HERE, port: 1 }), "ECONNREFUSED");
    listener.close();
    assert.equal(await waiting.read(), null);
    assert.equal(await listener.accept(), null);
    await fails(network.connect({ host: HERE, port: 1 }), "ECONNREFUSED");
  });

  test("a writer waits for a reader that stalls", async () => {
    const network = loopback();
    const listener = await network.listen({ port: 1 });
    const client = await network.connect({ host: HERE, port: 1 });
    const server = await accepted(listener);
    let done = false;
    const writing = (async () => {
      for (let i = 0; i < 16; i++) await client.write(new Uint8Array(64 * 1024));
      done = true;
    })();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(done, false);
    assert.equal((await readExactly(server, 1024 * 1024)).length, 1024 * 1024);
    await writing;
  });

  test("a write to an end that closed is EPIPE", async () => {
    const network = loopback();
    const listener = await network.listen({ port: 1 });
    const client = await network.connect({ host: HERE, port: 1 });
    (await accepted(listener)).close();
    assert.equal(await client.read(), null);
    await fails(client.write(bytesOf("x")), "EPIPE");
  });

  test("carries datagrams", async () => {
    const network = loopback();
    const server = await network.datagram({ port: 123 });
    const client = await network.datagram();
    await client.send(bytesOf("one"), { host: HERE, port: 123 });
    const question = await server.receive();
    assert.ok(question);
    const { bytes, host, port } = question;
    assert.equal(String(Buffer.from(bytes)), "one");
    await server.send(bytesOf("two"), { host, port });
    assert.equal(String(Buffer.from((await client.receive())?.bytes ?? [])), "two");
    await client.send(bytesOf("lost"), { host: HERE, port: 9 });
    server.close();
    client.close();
    assert.equal(await client.receive(), null);
  });
});

describe("a page's sockets", () => {
  const input = inputSource().input;
  const network = new LocalNetwork({ ...transportBackend(loopback()), input }, () => {});
  /** @param {number} type @param {string} name @param {OptionValue} value */
  const optionOf = (type, name, value) => opened(network, type).setOption(name, value);

  test("refuse an option that they cannot honour before they are open", () => {
    assert.equal(optionOf(SOCK_STREAM, "linger", 0), -ENOPROTOOPT);
    assert.equal(optionOf(SOCK_STREAM, "linger", 5), -ENOPROTOOPT);
    assert.equal(optionOf(SOCK_DGRAM, "add_membership", { group: "224.0.0.251", local: null }), -ENOPROTOOPT);
  });

  test("refuse to linger while they listen and when they are connected", async () => {
    const listener = opened(network, SOCK_STREAM);
    listener.timeout = 0;
    assert.equal(listener.bind(HERE, 80), 0);
    assert.equal(listener.listen(1), 0);
    assert.equal(await listener.opening, 0);
    assert.equal(listener.setOption("linger", 0), -ENOPROTOOPT);
    const client = opened(network, SOCK_STREAM);
    client.timeout = 0;
    assert.equal(client.connect(HERE, 80), -EINPROGRESS);
    await eventually(() => client.connect(HERE, 80) === -EISCONN, "the connection");
    assert.equal(client.setOption("linger", 0), -ENOPROTOOPT);
    assert.equal(client.setOption("linger", -1), 0);
    network.destroy();
  });

  test("tell of the peer's end at the second write after it, as a kernel does", async () => {
    const page = loopback();
    const network = new LocalNetwork({ ...transportBackend(page), input }, () => {});
    const listener = await page.listen({ port: 80 });
    const client = opened(network, SOCK_STREAM);
    assert.ok(client instanceof StreamSocket);
    client.timeout = 0;
    client.connect(HERE, 80);
    (await accepted(listener)).close();
    await eventually(() => client.ended, "the peer's end");
    assert.equal(client.send(bytesOf("x"), 0, 1), 1);
    await eventually(() => client.isSent(), "the first write");
    assert.equal(client.poll(0), 0);
    assert.equal(client.send(bytesOf("x"), 0, 1), 1);
    await eventually(() => client.poll(0) !== 0, "the second write");
    assert.equal(client.send(bytesOf("x"), 0, 1), -EPIPE);
    network.destroy();
  });

  test("take options that have no effect, or whose effect they have in any case", () => {
    for (const name of ["nodelay", "keepalive", "reuseaddr"]) assert.equal(optionOf(SOCK_STREAM, name, 1), 0);
    assert.equal(optionOf(SOCK_STREAM, "linger", -1), 0);
  });
});

describe("a page with a relay", () => {
  /** @type {TransportLike} Its connections are marked. */
  const relay = { connect: async ({ host, port }) => ({ relayed: `${host}:${port}`, read: async () => null, write: async () => {}, close() {} }), close() {} };

  /** @param {object} connection */
  const relayed = (connection) => Reflect.get(connection, "relayed");

  test("finds on 127.0.0.1 first what listens in the page, then what is the relay's", async () => {
    const network = inPage(loopback(), relay);
    await network.listen({ port: 1 });
    assert.equal(relayed(await network.connect({ host: "localhost", port: 1 })), undefined);
    assert.equal(relayed(await network.connect({ host: "localhost", port: 2 })), "localhost:2");
    assert.equal(relayed(await network.connect({ host: "example.com", port: 1 })), "example.com:1");
  });

  test("without a relay nothing but 127.0.0.1 can be reached", async () => {
    const network = await createTransport(null);
    await fails(network.connect({ host: "example.com", port: 443 }), "ENETUNREACH");
    await fails(network.connect({ host: HERE, port: 443 }), "ECONNREFUSED");
    await fails(network.open({}), "ENETUNREACH");
    const socket = await network.datagram();
    await fails(socket.send(bytesOf("x"), { host: "example.com", port: 123 }), "ENETUNREACH");
  });

  test("UDP to the outside where the relay has none is EOPNOTSUPP", async () => {
    const socket = await inPage(loopback(), relay).datagram();
    await fails(socket.send(bytesOf("x"), { host: "example.com", port: 123 }), "EOPNOTSUPP");
  });
});

describe("a description of a transport", () => {
  test("names its kind and its options", async () => {
    const server = await webSocketServer(() => {});
    const transport = await createTransport({ wsproxy: server.url, WebSocket, WebSocketStream: null });
    await transport.connect({ host: "example.com", port: 1 });
    assert.deepEqual(server.paths, ["/example.com:1"]);
    transport.close();
    await server.close();
  });

  test("can be a module", async () => {
    const module = `data:text/javascript,export default ({ answer }) => ({ connect: async () => answer, close() {} });`;
    const transport = await createTransport({ module, answer: 42 });
    assert.equal(await transport.connect({ host: "example.com", port: 1 }), 42);
  });

  test("that names none, or two, is refused with what it named", async () => {
    await assert.rejects(createTransport(mistyped({ wips: "ws://x/" })), /got wips/);
    await assert.rejects(createTransport({ wisp: "ws://x/", wsproxy: "ws://x/" }), /one of wisp, websockify, wsproxy and module/);
  });
});

describe("pairs of streams", () => {
  /** Streams that send back what they get. */
  const echo = () => new TransformStream();

  test("carry bytes both ways", async () => {
    /** @type {string[]} */
    const targets = [];
    const transport = streams({ open: async (target) => (targets.push(target.host), echo()) });
    const connection = await transport.connect({ host: "example.com", port: 1 });
    connection.write(bytesOf("hello"));
    assert.equal(String(await readExactly(connection, 5)), "hello");
    connection.close();
    await fails(connection.write(bytesOf("x")), "EPIPE");
    assert.deepEqual(targets, ["example.com"]);
  });

  test("pass on why they could not be opened", async () => {
    /** @param {Error} error */
    const refusing = (error) => streams({ open: () => Promise.reject(error) }).connect({ host: "x", port: 1 });
    await fails(refusing(new Error("no")), "ECONNREFUSED");
    await fails(refusing(Object.assign(new Error("no"), { code: "EACCES" })), "EACCES");
  });

  test("a stream that breaks is ECONNRESET", async () => {
    const readable = new ReadableStream({ pull: (controller) => controller.error(new Error("broken")) });
    const connection = await streams({ open: async () => ({ readable, writable: new WritableStream() }) }).connect({ host: "x", port: 1 });
    await fails(connection.read(), "ECONNRESET");
  });
});
