/**
 * The transports over relays of other people, unchanged: websockify as Debian has it, and
 * wisp-js-server.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import WebSocket from "ws";
import { npmSource } from "../../scripts/lib/npm-source.js";
import { serve } from "../../web/node/serve.js";
import { websockify, wisp } from "../../web/transports/index.js";
import { missing } from "../support/programs.js";
import { missingWispJs, websockifyWithTokens, wispJs } from "../support/relays.js";
import { closedPort, echoServer, floodServer, tcpServer, udpEchoServer } from "../support/tcp_servers.js";
import { bytesOf, eventually, fails, readAll, readExactly, sleep } from "../support/transports.js";
import { WebSocketStream } from "../support/websocket_stream.js";

/** @import { Transport, TransportConnection, WebSocketOptions } from "../../types/index.js" */

/** @type {[kind: string, sockets: WebSocketOptions][]} */
const SOCKETS = [
  ["WebSocket", { WebSocket, WebSocketStream: null }],
  ["WebSocketStream", { WebSocketStream }],
];
const HOST = "127.0.0.1";
const SIZE = 3 * 1024 * 1024;
const FLOOD = 30 * 1024 * 1024;

/**
 * What every relay has to do for every kind of WebSocket.
 *
 * @param {(port: number) => Promise<TransportConnection>} connect
 */
function carriesBytes(connect) {
  test("bytes go both ways, unchanged and in bulk", async () => {
    const echo = await echoServer();
    const connection = await connect(echo.port);
    const sent = randomBytes(SIZE);
    const received = readExactly(connection, SIZE);
    await connection.write(sent);
    assert.ok(sent.equals(await received));
    connection.close();
    await eventually(() => echo.sockets.size === 0, "the target sees the end");
    await echo.close();
  });

  test("the target's end is the end", async () => {
    const server = await tcpServer((socket) => socket.end("bye"));
    assert.equal(String(await readAll(await connect(server.port))), "bye");
    await server.close();
  });

  test("a target that refuses is ECONNREFUSED", async () => {
    const connection = await connect(await closedPort());
    await fails(connection.read(), "ECONNREFUSED");
  });
}

describe("websockify", { skip: missing("websockify") }, () => {
  /** @type {Awaited<ReturnType<typeof websockifyWithTokens>>} */
  let relay;
  /** @type {Record<string, string>} */
  const targets = {};
  let token = 0;
  before(async () => {
    relay = await websockifyWithTokens({});
  });
  after(() => relay.stop());

  // Its tokens are read when it starts, so each target gets a relay of its own.
  /** @param {number} port */
  const connect = async (port) => {
    await relay.stop();
    relay = await websockifyWithTokens({ [`t${++token}`]: port });
    targets[`${HOST}:${port}`] = `t${token}`;
    const url = `ws://${HOST}:${relay.port}/?token={token}`;
    return websockify({ url, tokens: targets, WebSocket }).connect({ host: HOST, port });
  };
  carriesBytes(connect);
});

const withoutWispJs = await missingWispJs();

for (const [kind, sockets] of SOCKETS) {
  describe(`wisp-js-server over ${kind}`, { skip: withoutWispJs }, () => {
    /** @type {Awaited<ReturnType<typeof wispJs>>} */
    let relay;
    /** @type {Transport} */
    let transport;
    before(async () => {
      relay = await wispJs();
      transport = wisp({ url: `ws://${HOST}:${relay.port}/`, ...sockets });
    });
    after(async () => {
      transport.close();
      await relay.stop();
    });

    carriesBytes((port) => transport.connect({ host: HOST, port }));

    test("carries datagrams", async () => {
      const echo = await udpEchoServer();
      const socket = await transport.datagram();
      await socket.send(bytesOf("one"), { host: HOST, port: echo.port });
      assert.equal(String(Buffer.from((await socket.receive())?.bytes ?? [])), "one");
      socket.close();
      await echo.close();
    });

    test("carries many connections side by side", async () => {
      const echo = await echoServer();
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, i) => {
          const connection = await transport.connect({ host: HOST, port: echo.port });
          await connection.write(bytesOf(`connection ${i}.`));
          const answer = String(await readExactly(connection, `connection ${i}.`.length));
          connection.close();
          return answer;
        }),
      );
      assert.deepEqual(answers, answers.map((_, i) => `connection ${i}.`));
      await echo.close();
    });
  });
}

test("with WebSocketStream what is not read stays with wisp-js-server", { skip: withoutWispJs }, async (t) => {
  const relay = await wispJs();
  t.after(relay.stop);
  const flood = await floodServer(FLOOD);
  t.after(flood.close);
  let received = 0;
  class Counting extends WebSocketStream {
    /** @param {ConstructorParameters<typeof WebSocketStream>} args */
    constructor(...args) {
      super(...args);
      this.socket.on("message", (data) => (received += /** @type {Buffer} */ (data).length));
    }
  }
  const transport = wisp({ url: `ws://${HOST}:${relay.port}/`, WebSocketStream: Counting });
  t.after(() => transport.close());
  const connection = await transport.connect({ host: HOST, port: flood.port });
  await eventually(() => flood.sent === FLOOD, "the relay has taken all of it");
  await sleep(100);
  assert.ok(received < FLOOD / 4, `${received} bytes came to a page that reads none`);
  assert.equal((await readAll(connection)).length, FLOOD);
});

for (const version of [1, 2]) {
  test(`wisp-js's client, which knows version ${version}, gets its bytes over the relay of \`micropython-ssl serve\``, { skip: withoutWispJs }, async (t) => {
    const relay = await serve({ mounts: [], allow: [`${HOST}:*`], log() {} });
    t.after(relay.close);
    const echo = await echoServer();
    t.after(echo.close);
    const folder = await npmSource("wisp-js");
    assert.ok(folder);
    const { client } = await import(pathToFileURL(join(folder, "src", "entrypoints", "client.mjs")).href);
    const connection = new client.ClientConnection(`${relay.url.replace("http", "ws")}relay/`, { wisp_version: version });
    t.after(() => connection.close());
    await new Promise((resolve) => (connection.onopen = resolve));
    const stream = connection.create_stream(HOST, echo.port);
    const sent = randomBytes(SIZE);
    /** @type {Buffer[]} */
    const received = [];
    /** @type {Promise<void>} */
    const all = new Promise((resolve) => {
      /** @param {Uint8Array} data */
      stream.onmessage = (data) => received.push(Buffer.from(data)) && Buffer.concat(received).length === SIZE && resolve();
    });
    for (let i = 0; i < SIZE; i += 16384) stream.send(sent.subarray(i, i + 16384));
    await all;
    assert.ok(sent.equals(Buffer.concat(received)));
  });
}
