/**
 * The Wisp transport against the relay of `micropython-ssl serve`, with a classic WebSocket and
 * with WebSocketStream.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import WebSocket from "ws";
import { textLine } from "../../relay/node.js";
import { serve } from "../../web/node/serve.js";
import { wisp } from "../../web/transports/index.js";
import { closedPort, echoServer, floodServer, tcpServer, udpEchoServer } from "../support/tcp_servers.js";
import { bytesOf, eventually, fails, readAll, readExactly, sleep } from "../support/transports.js";
import { WebSocketStream } from "../support/websocket_stream.js";

/**
 * @import { WebSocketOptions } from "../../types/index.js"
 * @import { Transport } from "../../web/transports/transport.js"
 */

const FLOOD = 40 * 1024 * 1024;

/** @param {Partial<Parameters<typeof serve>[0]>} [options] */
async function relay(options = {}) {
  /** @type {string[]} */
  const lines = [];
  const server = await serve({ mounts: [], allow: ["127.0.0.1:*"], udp: true, log: (entry) => lines.push(textLine(entry)), ...options });
  return { ...server, lines, relay: server.url.replace("http", "ws") + "relay/" };
}

/** @type {[kind: string, sockets: WebSocketOptions][]} */
const SOCKETS = [
  ["WebSocket", { WebSocket, WebSocketStream: null }],
  ["WebSocketStream", { WebSocketStream }],
];
for (const [kind, sockets] of SOCKETS) {
  describe(`a relay over ${kind}`, () => {
    /** @type {Awaited<ReturnType<typeof relay>>} */
    let server;
    /** @type {Transport} */
    let transport;
    before(async () => {
      server = await relay();
      transport = wisp({ url: server.relay, ...sockets });
    });
    after(async () => {
      transport.close();
      await server.close();
    });

    test("carries bytes both ways and tells where they went", async () => {
      const echo = await echoServer();
      const connection = await transport.connect({ host: "127.0.0.1", port: echo.port });
      await connection.write(bytesOf("hello"));
      assert.equal(String(await readExactly(connection, 5)), "hello");
      connection.close();
      await eventually(() => server.lines.some((line) => line.includes(`127.0.0.1:${echo.port} tcp closed by client; 5 bytes up, 5 down`)), "a line of log");
      await echo.close();
    });

    test("delivers a large upload and download unchanged", async () => {
      const echo = await echoServer();
      const connection = await transport.connect({ host: "127.0.0.1", port: echo.port });
      const sent = randomBytes(5 * 1024 * 1024);
      const received = readExactly(connection, sent.length);
      await connection.write(sent);
      assert.ok(sent.equals(await received));
      connection.close();
      await echo.close();
    });

    test("tells the end of the stream", async () => {
      const server = await tcpServer((socket) => socket.end("bye"));
      const connection = await transport.connect({ host: "127.0.0.1", port: server.port });
      assert.equal(String(await readAll(connection)), "bye");
      await fails(connection.write(bytesOf("too late")), "EPIPE");
      await server.close();
    });

    test("keeps connections apart", async () => {
      const echo = await echoServer();
      const texts = Array.from({ length: 20 }, (_, i) => `connection ${i}`);
      const answers = await Promise.all(
        texts.map(async (text) => {
          const connection = await transport.connect({ host: "127.0.0.1", port: echo.port });
          await connection.write(bytesOf(text));
          const answer = String(await readExactly(connection, text.length));
          connection.close();
          return answer;
        }),
      );
      assert.deepEqual(answers, texts);
      await echo.close();
    });

    test("a reader that stalls stops the sender, and no other connection", async () => {
      const flood = await floodServer(FLOOD);
      const echo = await echoServer();
      const stalled = await transport.connect({ host: "127.0.0.1", port: flood.port });
      const lively = await transport.connect({ host: "127.0.0.1", port: echo.port });
      await eventually(() => flood.sent > 0, "the flood begins");
      let before = 0;
      await eventually(async () => {
        before = flood.sent;
        await sleep(100);
        return flood.sent === before;
      }, "the flood stops");
      assert.ok(before < FLOOD / 2, `${before} bytes were taken from a sender that nobody reads`);
      await lively.write(bytesOf("still here"));
      assert.equal(String(await readExactly(lively, 10)), "still here");
      assert.equal((await readAll(stalled)).length, FLOOD);
      lively.close();
      await flood.close();
      await echo.close();
    });

    test("a target that does not read stops the writer", async () => {
      const sink = await tcpServer((socket) => socket.pause());
      const connection = await transport.connect({ host: "127.0.0.1", port: sink.port });
      const chunk = new Uint8Array(64 * 1024);
      let written = 0;
      const writing = (async () => {
        for (; written < 256 * 1024 * 1024; written += chunk.length) await connection.write(chunk);
      })();
      writing.catch(() => {});
      let before = 0;
      await eventually(async () => {
        before = written;
        await sleep(100);
        return written === before && before > 0;
      }, "the writer waits");
      assert.ok(before < 64 * 1024 * 1024, `${before} bytes were taken`);
      connection.close();
      await fails(writing, "EPIPE");
      await sink.close();
    });

    test("sends and receives datagrams", async () => {
      const echo = await udpEchoServer();
      const socket = await transport.datagram();
      await socket.send(bytesOf("one"), { host: "127.0.0.1", port: echo.port });
      const answer = await socket.receive();
      assert.ok(answer);
      const { bytes, host, port } = answer;
      assert.deepEqual([String(Buffer.from(bytes)), host, port], ["one", "127.0.0.1", echo.port]);
      socket.close();
      await echo.close();
    });

    test("a refused connection is ECONNREFUSED", async () => {
      await fails(transport.connect({ host: "127.0.0.1", port: await closedPort() }), "ECONNREFUSED");
    });

    test("a target that is not allowed is EACCES", async () => {
      await fails(transport.connect({ host: "192.0.2.1", port: 443 }), "EACCES");
    });

    test("a connection that breaks is ECONNRESET", async () => {
      const server = await tcpServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
      const connection = await transport.connect({ host: "127.0.0.1", port: server.port });
      await connection.write(bytesOf("x"));
      await fails(connection.read(), "ECONNRESET");
      await server.close();
    });

    test("an aborted connect gives up", async () => {
      await fails(transport.connect({ host: "127.0.0.1", port: 1, signal: AbortSignal.abort() }), "ECONNABORTED");
    });
  });
}

test("all connections share one WebSocket", async () => {
  const server = await relay({ limits: { clients: 1 } });
  const echo = await echoServer();
  const transport = wisp({ url: server.relay, WebSocket });
  const connections = await Promise.all(Array.from({ length: 10 }, () => transport.connect({ host: "127.0.0.1", port: echo.port })));
  assert.equal(connections.length, 10);
  transport.close();
  await echo.close();
  await server.close();
});

test("when the relay dies, its connections are reset and the next connect opens it again", async () => {
  let server = await relay();
  const echo = await echoServer();
  const transport = wisp({ url: server.relay, WebSocket });
  const connection = await transport.connect({ host: "127.0.0.1", port: echo.port });
  const reading = connection.read();
  await Promise.all([server.close(), fails(reading, "ECONNRESET")]);
  await fails(transport.connect({ host: "127.0.0.1", port: echo.port }), "ENETDOWN");
  server = await relay({ port: server.port });
  const again = await transport.connect({ host: "127.0.0.1", port: echo.port });
  again.close();
  transport.close();
  await echo.close();
  await server.close();
});

test("a relay takes no more connections than its limit", async () => {
  const server = await relay({ limits: { connections: 2 } });
  const echo = await echoServer();
  const transport = wisp({ url: server.relay, WebSocket });
  const target = { host: "127.0.0.1", port: echo.port };
  const first = await transport.connect(target);
  await transport.connect(target);
  await fails(transport.connect(target), "ECONNABORTED");
  first.close();
  await transport.connect(target);
  transport.close();
  await echo.close();
  await server.close();
});

test("a relay closes a connection on which nothing moves", async () => {
  const server = await relay({ limits: { idleSeconds: 0.2 } });
  const echo = await echoServer();
  const transport = wisp({ url: server.relay, WebSocket });
  const connection = await transport.connect({ host: "127.0.0.1", port: echo.port });
  await fails(connection.read(), "ETIMEDOUT");
  transport.close();
  await echo.close();
  await server.close();
});

test("a name that leads to a private address is refused, even where every name is allowed", async () => {
  const server = await relay({ allow: ["*:*"] });
  const echo = await echoServer();
  const transport = wisp({ url: server.relay, WebSocket });
  for (const host of ["localhost", "127.0.0.1", "127.1", "::1", "::ffff:127.0.0.1", "0"]) {
    await assert.rejects(transport.connect({ host, port: echo.port }), ({ code }) => ["EACCES", "EADDRNOTAVAIL"].includes(code), host);
  }
  transport.close();
  await echo.close();
  await server.close();
});

test("the first packet has the nine bytes of version 1, which clients may count", async () => {
  const server = await relay();
  const socket = new WebSocket(server.relay);
  const first = await new Promise((resolve) => socket.once("message", resolve));
  assert.deepEqual([first.length, first[0], first.readUInt32LE(1)], [9, 3, 0]);
  socket.close();
  await server.close();
});
