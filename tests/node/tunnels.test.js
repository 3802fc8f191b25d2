/** Transports of one WebSocket for each connection: addresses, ends and failures. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import WebSocket from "ws";
import { websockify, wsproxy } from "../../web/transports/index.js";
import { closedPort, webSocketServer } from "../support/tcp_servers.js";
import { bytesOf, eventually, fails, readAll } from "../support/transports.js";

/** @import { Transport, WebSocketOptions } from "../../types/index.js" */

const TARGET = { host: "example.com", port: 8443 };

/** @param {(options: {url: string} & WebSocketOptions) => Transport} make */
async function pathAskedFor(make, target = TARGET) {
  const server = await webSocketServer(() => {});
  const transport = make({ url: server.url, WebSocket });
  await transport.connect(target);
  transport.close();
  await server.close();
  return server.paths[0];
}

describe("the address of a connection", () => {
  test("wsproxy appends host and port", async () => {
    assert.equal(await pathAskedFor(({ url, ...rest }) => wsproxy({ url: `${url}proxy`, ...rest })), "/proxy/example.com:8443");
    assert.equal(await pathAskedFor(wsproxy, { host: "::1", port: 5 }), "/[::1]:5");
  });

  test("websockify fills in host and port, or a token", async () => {
    /** @param {string} end @returns {Parameters<typeof pathAskedFor>[0]} */
    const template = (end) => ({ url, ...rest }) => websockify({ url: url + end, ...rest });
    assert.equal(await pathAskedFor(template("{host}/{port}")), "/example.com/8443");
    assert.equal(await pathAskedFor(template("?token={token}")), "/?token=example.com%3A8443");
    const tokens = { "example.com:8443": "a b" };
    assert.equal(await pathAskedFor(({ url, ...rest }) => websockify({ url: `${url}?token={token}`, tokens, ...rest })), "/?token=a%20b");
  });

  test("a host cannot leave its place in it", async () => {
    const path = await pathAskedFor(({ url, ...rest }) => websockify({ url: `${url}{host}/x`, ...rest }), { host: "../?a#b", port: 1 });
    assert.equal(path, "/..%2F%3Fa%23b/x");
  });

  test("a target without a token is EACCES", async () => {
    await fails(websockify({ url: "ws://127.0.0.1/", tokens: {}, WebSocket }).connect(TARGET), "EACCES");
  });
});

describe("a connection", () => {
  test("bytes go both ways until the peer closes", async () => {
    const server = await webSocketServer((socket) => {
      socket.on("message", (data) => {
        socket.send(new Uint8Array(0));
        socket.send(data);
        socket.close(1000);
      });
    });
    const connection = await wsproxy({ url: server.url, WebSocket }).connect(TARGET);
    await connection.write(bytesOf("ping"));
    assert.equal(String(await readAll(connection)), "ping");
    await fails(connection.write(bytesOf("more")), "EPIPE");
    await server.close();
  });

  test("a relay that could not connect is ECONNREFUSED", async () => {
    const server = await webSocketServer((socket) => socket.close(1011, "Failed to connect to downstream server"));
    const connection = await wsproxy({ url: server.url, WebSocket }).connect(TARGET);
    await fails(connection.read(), "ECONNREFUSED");
    await server.close();
  });

  test("a relay that dies is ECONNRESET", async () => {
    const server = await webSocketServer((socket) => socket.on("message", () => socket.terminate()));
    const connection = await wsproxy({ url: server.url, WebSocket }).connect(TARGET);
    await connection.write(bytesOf("x"));
    await fails(connection.read(), "ECONNRESET");
    await server.close();
  });

  test("text where bytes belong is EPROTO", async () => {
    const server = await webSocketServer((socket) => socket.send("text"));
    const connection = await wsproxy({ url: server.url, WebSocket }).connect(TARGET);
    await fails(connection.read(), "EPROTO");
    await server.close();
  });

  test("no relay is ENETDOWN", async () => {
    await fails(wsproxy({ url: `ws://127.0.0.1:${await closedPort()}`, WebSocket }).connect(TARGET), "ENETDOWN");
  });

  test("close() closes the WebSocket", async () => {
    const server = await webSocketServer(() => {});
    const connection = await wsproxy({ url: server.url, WebSocket }).connect(TARGET);
    connection.close();
    await eventually(() => server.clients.size === 0, "the WebSocket is closed");
    await server.close();
  });
});
