/** The relay as a Worker, under workerd: the same session with other sockets. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import WebSocket from "ws";
import { wisp } from "../../web/transports/index.js";
import { CLOSE, REASON, connectPacket, continuePacket, dataPacket } from "../../web/transports/wisp_packets.js";
import { portOf } from "../support/programs.js";
import { greeting, rawWisp } from "../support/raw_wisp.js";
import { closedPort, echoServer, floodServer, tcpServer } from "../support/tcp_servers.js";
import { bytesOf, eventually, fails, readAll, readExactly, sleep } from "../support/transports.js";
import { missingWorkerd, workerRelay } from "../support/workerd.js";

/**
 * @import { Server } from "node:http"
 * @import { Transport } from "../../web/transports/transport.js"
 */

const SECRET = "a-secret-of-sixteen-or-more";
const FLOOD = 40 * 1024 * 1024;

describe("a relay on workerd", { skip: missingWorkerd() }, () => {
  /** @type {Awaited<ReturnType<typeof workerRelay>>} */
  let relay;
  /** @type {Transport} */
  let transport;
  /** @type {Server} */
  let resolver;
  /** @type {(string | null)[]} */
  const asked = [];
  before(async () => {
    // Answers as resolvers do that speak DNS over HTTPS in JSON.
    resolver = createServer(({ url = "" }, response) => {
      const query = new URL(url, "http://resolver").searchParams;
      asked.push(query.get("name"));
      const Answer = query.get("type") === "A" ? [{ type: 5, data: "alias.example.com" }, { type: 1, data: "127.0.0.1" }] : [];
      response.end(JSON.stringify({ Status: 0, Answer }));
    });
    await once(resolver.listen(0, "127.0.0.1"), "listening");
    relay = await workerRelay({
      ALLOW: "127.0.0.1:*, *.example.com:*, localhost:*",
      ORIGINS: "https://friend.example",
      METRICS: "1",
      RESOLVER: `http://127.0.0.1:${portOf(resolver)}/`,
    });
    transport = wisp({ url: relay.address, WebSocket });
  });
  after(async () => {
    transport?.close();
    await relay?.stop();
    resolver?.close();
  });

  test("carries bytes both ways, unchanged and in bulk, and logs what it did", async () => {
    const echo = await echoServer();
    const connection = await transport.connect({ host: "127.0.0.1", port: echo.port });
    const sent = randomBytes(5 * 1024 * 1024);
    const received = readExactly(connection, sent.length);
    await connection.write(sent);
    assert.ok(sent.equals(await received));
    connection.close();
    await eventually(() => echo.sockets.size === 0, "the target sees the end");
    await relay.printed(/"event":"closed".*"up":5242880,"down":5242880/);
    await echo.close();
  });

  test("tells the end of the stream, a refused connection and one that is not allowed", async () => {
    const server = await tcpServer((socket) => socket.end("bye"));
    assert.equal(String(await readAll(await transport.connect({ host: "127.0.0.1", port: server.port }))), "bye");
    await server.close();
    await fails(transport.connect({ host: "127.0.0.1", port: await closedPort() }), "ECONNREFUSED");
    await fails(transport.connect({ host: "192.0.2.1", port: 443 }), "EACCES");
    await fails(transport.datagram().then((socket) => socket.send(bytesOf("x"), { host: "127.0.0.1", port: 9 }).then(() => socket.receive())), "EACCES");
  });

  test("looks names up itself, and connects to no private address behind them", async () => {
    const echo = await echoServer();
    await fails(transport.connect({ host: "inside.example.com", port: echo.port }), "EACCES");
    await fails(transport.connect({ host: "127.0.0.1\0.example.com", port: echo.port }), "EADDRNOTAVAIL");
    const connection = await transport.connect({ host: "LOCALHOST.", port: echo.port });
    await connection.write(bytesOf("x"));
    assert.equal(String(await readExactly(connection, 1)), "x");
    connection.close();
    assert.deepEqual([...new Set(asked)], ["inside.example.com"]);
    await echo.close();
  });

  test("a reader that stalls stops the sender", async () => {
    const flood = await floodServer(FLOOD);
    const stalled = await transport.connect({ host: "127.0.0.1", port: flood.port });
    let before = 0;
    await eventually(async () => {
      before = flood.sent;
      await sleep(200);
      return before > 0 && flood.sent === before;
    }, "the flood stops");
    assert.ok(before < FLOOD / 2, `${before} bytes were taken`);
    assert.equal((await readAll(stalled)).length, FLOOD);
    await flood.close();
  });

  test("a target that does not read stops the writer, or ends the stream", async () => {
    const sink = await tcpServer((socket) => socket.pause());
    const connection = await transport.connect({ host: "127.0.0.1", port: sink.port });
    let written = 0;
    const writing = (async () => {
      for (; written < 256 * 1024 * 1024; written += 65536) await connection.write(new Uint8Array(65536));
    })();
    writing.catch(() => {});
    await sleep(1000);
    assert.ok(written < 64 * 1024 * 1024, `${written} bytes were taken`);
    connection.close();
    await assert.rejects(writing);
    await sink.close();
  });

  test("serves only clients that give credit", async () => {
    const echo = await echoServer();
    const client = await rawWisp(relay.address);
    assert.deepEqual((await client.connect(1, echo.port)).reason, REASON.INVALID);
    client.send(continuePacket(0, 1000));
    assert.notEqual((await client.connect(2, echo.port)).type, CLOSE);
    client.socket.close();
    await echo.close();
  });

  test("survives what is no packet, and says why it closes", async () => {
    for (const message of ["text", new Uint8Array(3), connectPacket(1, 1, "x", 1).subarray(0, 6)]) {
      const client = await rawWisp(relay.address);
      client.socket.send(message);
      assert.deepEqual(await client.closed, { code: 1002, reason: "not a Wisp packet" });
    }
    assert.equal(await greeting(relay.address), "welcome");
  });

  test("turns pages of other origins away; answers to operators", async () => {
    assert.equal(await greeting(relay.address, { headers: { Origin: "https://evil.example" } }), "4403 pages of https://evil.example may not use this relay");
    assert.equal(await greeting(relay.address, { headers: { Origin: "https://friend.example" } }), "welcome");
    const base = relay.address.replace("ws", "http").replace("relay/", "");
    assert.equal(await (await fetch(`${base}health`)).text(), "ok\n");
    assert.match(await (await fetch(`${base}metrics`)).text(), /^micropython_ssl_relay_clients_total \d+$/m);
    assert.equal((await fetch(`${base}elsewhere`)).status, 404);
  });

  test("frees what a client that has left had", async () => {
    const sink = await tcpServer((socket) => socket.pause());
    const client = await rawWisp(relay.address);
    client.send(continuePacket(0, 1000));
    for (let id = 1; id <= 3; id++) await client.connect(id, sink.port);
    await eventually(() => sink.sockets.size === 3, "three connections");
    client.socket.terminate();
    await eventually(() => sink.sockets.size === 0, "all of them are closed");
    await sink.close();
  });

  test("gives back the place and the memory of a client that left in the middle", async () => {
    const sink = await tcpServer((socket) => socket.pause());
    const silent = await tcpServer(() => {});
    const other = await workerRelay({ ALLOW: "127.0.0.1:*, *.example.com:*", METRICS: "1", RESOLVER: `http://127.0.0.1:${silent.port}/` });
    const gauges = async () => {
      const text = await (await fetch(other.address.replace(/^ws(.*)relay\/$/, "http$1metrics"))).text();
      return [...text.matchAll(/^micropython_ssl_relay_(?:clients|connections|waiting_bytes) (\d+)$/gm)].map(([, number]) => Number(number));
    };
    const writing = await rawWisp(other.address);
    writing.send(continuePacket(0, 1000));
    await writing.connect(1, sink.port);
    for (let i = 0; i < 64; i++) writing.send(dataPacket(1, new Uint8Array(64 * 1024)));
    const looking = await rawWisp(other.address);
    looking.send(continuePacket(0, 1000), connectPacket(1, 1, "silent.example.com", 443));
    await eventually(async () => {
      const [clients, connections, waiting] = await gauges();
      return clients === 2 && connections === 2 && waiting > 0;
    }, "two clients wait", 30_000);
    writing.socket.terminate();
    looking.socket.terminate();
    await eventually(async () => String(await gauges()) === "0,0,0", "all is given back", 30_000);
    await Promise.all([other.stop(), sink.close(), silent.close()]);
  });

  test("takes no message that is too long, and says so", async () => {
    const client = await rawWisp(relay.address);
    client.send(dataPacket(1, new Uint8Array(256 * 1024)));
    assert.deepEqual(await client.closed, { code: 1009, reason: "the message is too long" });
  });

  test("tells a page with a long origin that it is refused", async () => {
    assert.match(await greeting(relay.address, { headers: { Origin: `https://${"e".repeat(300)}.example` } }), /^4403 pages of https:/);
  });

  test("takes tokens", async () => {
    const other = await workerRelay({ ALLOW: "127.0.0.1:*", TOKENS: `alice ${SECRET}` });
    assert.match(await greeting(other.address), /^4401/);
    assert.equal(await greeting(`${other.address}${SECRET}/`), "welcome");
    await other.stop();
  });
});
