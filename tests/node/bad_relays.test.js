/** What becomes of a program when its Wisp relay is not as it should be. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import WebSocket from "ws";
import { wisp } from "../../web/transports/index.js";
import { REASON, TAKES_CREDIT, closePacket, continuePacket, dataPacket, parsePacket } from "../../web/transports/wisp_packets.js";
import { portOf } from "../support/programs.js";
import { closedPort, tcpServer, webSocketServer } from "../support/tcp_servers.js";
import { bytesOf, eventually, fails, readAll, sleep } from "../support/transports.js";
import { WebSocketStream } from "../support/websocket_stream.js";

/**
 * @import { WebSocket as Peer } from "ws"
 * @import { Packet } from "../support/raw_wisp.js"
 */

const TARGET = { host: "example.com", port: 443 };

/**
 * A relay that greets as relays do and leaves the rest to `answer`.
 *
 * @param {(packet: Packet, socket: Peer) => void} answer
 */
function relay(answer, greeting = continuePacket(0, 4)) {
  return webSocketServer((socket) => {
    socket.on("message", (data) => {
      const packet = parsePacket(/** @type {Buffer} */ (data));
      assert.ok(packet);
      answer(packet, socket);
    });
    socket.send(greeting);
  });
}

test("no relay at the address is ENETDOWN", async () => {
  const transport = wisp({ url: `ws://127.0.0.1:${await closedPort()}/`, WebSocket });
  await fails(transport.connect(TARGET), "ENETDOWN");
});

test("a web server that is no relay is ENETDOWN", async () => {
  const server = createServer((request, response) => response.end("hello"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const transport = wisp({ url: `ws://127.0.0.1:${portOf(server)}/`, WebSocket });
  await fails(transport.connect(TARGET), "ENETDOWN");
  server.close();
});

test("an address that is none is EINVAL", async () => {
  await fails(wisp({ url: "not an address", WebSocket }).connect(TARGET), "EINVAL");
});

test("a server that accepts and never speaks HTTP is ETIMEDOUT", async () => {
  const server = await tcpServer(() => {});
  const transport = wisp({ url: `ws://127.0.0.1:${server.port}/`, WebSocket, timeout: 100 });
  await fails(transport.connect(TARGET), "ETIMEDOUT");
  await server.close();
});

test("a WebSocket that never greets as a relay is ETIMEDOUT", async () => {
  const server = await webSocketServer(() => {});
  const transport = wisp({ url: server.url, WebSocket, timeout: 100 });
  await fails(transport.connect(TARGET), "ETIMEDOUT");
  await server.close();
});

test("a WebSocket that greets with something else is EPROTO", async () => {
  for (const greeting of ["hello", bytesOf("hi")]) {
    const server = await webSocketServer((socket) => socket.send(greeting));
    await fails(wisp({ url: server.url, WebSocket }).connect(TARGET), "EPROTO");
    await server.close();
  }
});

test("garbage later on breaks the relay's connections with EPROTO", async () => {
  const server = await relay((packet, socket) => socket.send("garbage"));
  const connection = await wisp({ url: server.url, WebSocket }).connect(TARGET);
  await fails(connection.read(), "EPROTO");
  await server.close();
});

test("packets that nobody asked for are passed over", async () => {
  const server = await relay((packet, socket) => {
    if (packet.type !== 1) return;
    socket.send(dataPacket(99, bytesOf("whose?")));
    socket.send(closePacket(99, REASON.VOLUNTARY));
    socket.send(new Uint8Array([0x77, 1, 0, 0, 0, 1, 2, 3]));
    socket.send(dataPacket(packet.stream, bytesOf("mine")));
    socket.send(closePacket(packet.stream, REASON.VOLUNTARY));
  });
  const transport = wisp({ url: server.url, WebSocket });
  const connection = await transport.connect(TARGET);
  assert.equal(String(await readAll(connection)), "mine");
  transport.close();
  await server.close();
});

test("a relay that sends more than it has credit for loses the connection, not memory", async () => {
  const flood = dataPacket(1, new Uint8Array(256 * 1024));
  const server = await relay((packet, socket) => {
    if (packet.type !== 1) return;
    socket.send(continuePacket(1, 4));
    for (let i = 0; i < 8; i++) socket.send(flood);
  }, continuePacket(0, TAKES_CREDIT));
  const transport = wisp({ url: server.url, WebSocket });
  const connection = await transport.connect(TARGET);
  await sleep(100);
  await fails(readAll(connection), "EPROTO");
  transport.close();
  await server.close();
});

test("no more packets are sent than the relay takes", async () => {
  let packets = 0;
  const server = await relay((packet) => (packets += Number(packet.type === 2)));
  const transport = wisp({ url: server.url, WebSocket });
  const connection = await transport.connect(TARGET);
  const writing = connection.write(new Uint8Array(1024 * 1024));
  await eventually(() => packets === 4, "the credit is used");
  await sleep(50);
  assert.equal(packets, 4);
  for (const client of server.clients) client.send(continuePacket(1, 3));
  await eventually(() => packets === 7, "the new credit is used");
  connection.close();
  await fails(writing, "EPIPE");
  transport.close();
  await server.close();
});

test("each reason of a relay is an error of its own", async () => {
  const expected = {
    [REASON.NETWORK_ERROR]: "ECONNREFUSED",
    [REASON.INVALID]: "EADDRNOTAVAIL",
    [REASON.UNREACHABLE]: "EHOSTUNREACH",
    [REASON.TIMED_OUT]: "ETIMEDOUT",
    [REASON.REFUSED]: "ECONNREFUSED",
    [REASON.BLOCKED]: "EACCES",
    [REASON.THROTTLED]: "ECONNABORTED",
    0x7f: "ECONNREFUSED",
  };
  /** @type {number} */
  let reason;
  const server = await relay((packet, socket) => packet.type === 1 && socket.send(closePacket(packet.stream, reason)));
  const transport = wisp({ url: server.url, WebSocket });
  for (const [number, code] of Object.entries(expected)) {
    reason = Number(number);
    const connection = await transport.connect(TARGET);
    await fails(connection.read(), code);
    await fails(connection.write(bytesOf("x")), code);
  }
  transport.close();
  await server.close();
});

test("where a relay takes no credit but its WebSocket can be paused, each connection has one of its own", async () => {
  const server = await relay(() => {});
  const transport = wisp({ url: server.url, WebSocketStream });
  await Promise.all([1, 2, 3].map(() => transport.connect(TARGET)));
  assert.equal(server.clients.size, 3);
  transport.close();
  await server.close();
});

test("where nothing can make a relay wait, memory is bounded", async () => {
  const server = await relay((packet, socket) => {
    if (packet.type !== 1) return;
    for (let i = 0; i < 80; i++) socket.send(dataPacket(packet.stream, new Uint8Array(1024 * 1024)));
  });
  const transport = wisp({ url: server.url, WebSocket });
  const connection = await transport.connect(TARGET);
  await eventually(() => connection.write(bytesOf("x")).then(() => false, (error) => error.code === "ENOBUFS"), "the connection is given up");
  transport.close();
  await server.close();
});
