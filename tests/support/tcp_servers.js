/**
 * Small servers that tests talk to, all on 127.0.0.1 and a free port. Each has `port` and
 * `close()`.
 */

import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";
import { WebSocketServer } from "ws";
import { portOf } from "./programs.js";

/** Calls `serve` with each connection. @param {(socket: net.Socket) => void} serve */
export async function tcpServer(serve) {
  /** @type {Set<net.Socket>} */
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    serve(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: portOf(server),
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), "close");
    },
  };
}

/** Sends everything back, and the end as well. */
export function echoServer() {
  return tcpServer((socket) => socket.pipe(socket));
}

/**
 * Sends `total` bytes to whoever connects, as fast as they are taken; `sent` tells how many.
 *
 * @param {number} total
 */
export async function floodServer(total) {
  const chunk = new Uint8Array(64 * 1024).map((_, i) => i);
  const flood = { sent: 0 };
  const server = await tcpServer((socket) => {
    const push = () => {
      while (flood.sent < total) {
        const rest = Math.min(chunk.length, total - flood.sent);
        flood.sent += rest;
        if (!socket.write(chunk.subarray(0, rest))) return socket.once("drain", push);
      }
      socket.end();
    };
    push();
  });
  return Object.assign(flood, server);
}

/** Sends every datagram back. */
export async function udpEchoServer() {
  const socket = dgram.createSocket("udp4");
  socket.on("message", (bytes, from) => socket.send(bytes, from.port, from.address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { port: portOf(socket), close: async () => void (await once(socket.close(), "close")) };
}

/** A port on which nothing listens. */
export async function closedPort() {
  const server = await tcpServer(() => {});
  await server.close();
  return server.port;
}

/**
 * Calls `serve` with each WebSocket and its request; `paths` lists what was asked for.
 *
 * @param {(socket: import("ws").WebSocket, request: import("node:http").IncomingMessage) => void}
 *   serve
 * @param {import("ws").ServerOptions} [options]
 */
export async function webSocketServer(serve, options = {}) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, ...options });
  await once(server, "listening");
  /** @type {(string | undefined)[]} */
  const paths = [];
  server.on("connection", (socket, request) => {
    paths.push(request.url);
    socket.on("error", () => {});
    serve(socket, request);
  });
  const port = portOf(server);
  return {
    port,
    url: `ws://127.0.0.1:${port}/`,
    paths,
    clients: server.clients,
    async close() {
      for (const client of server.clients) client.terminate();
      server.close();
      await once(server, "close");
    },
  };
}
