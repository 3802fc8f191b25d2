/**
 * Small servers that tests talk to, all on 127.0.0.1 and a free port. Each has `port` and
 * `close()`.
 */

import dgram from "node:dgram";
import net from "node:net";
import { WebSocketServer } from "ws";

/** Calls `serve` with each connection. */
export async function tcpServer(serve) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    sockets,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Sends everything back, and the end as well. */
export function echoServer() {
  return tcpServer((socket) => socket.pipe(socket));
}

/** Sends `total` bytes to whoever connects, as fast as they are taken; `sent` tells how many. */
export async function floodServer(total) {
  const chunk = new Uint8Array(64 * 1024).map((_, i) => i);
  const server = await tcpServer((socket) => {
    const push = () => {
      while (server.sent < total) {
        const rest = Math.min(chunk.length, total - server.sent);
        server.sent += rest;
        if (!socket.write(chunk.subarray(0, rest))) return socket.once("drain", push);
      }
      socket.end();
    };
    push();
  });
  server.sent = 0;
  return server;
}

/** Sends every datagram back. */
export async function udpEchoServer() {
  const socket = dgram.createSocket("udp4");
  socket.on("message", (bytes, from) => socket.send(bytes, from.port, from.address));
  await new Promise((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { port: socket.address().port, close: () => new Promise((resolve) => socket.close(resolve)) };
}

/** A port on which nothing listens. */
export async function closedPort() {
  const server = await tcpServer(() => {});
  await server.close();
  return server.port;
}

/** Calls `serve` with each WebSocket and its request; `paths` lists what was asked for. */
export async function webSocketServer(serve, options = {}) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, ...options });
  await new Promise((resolve) => server.once("listening", resolve));
  const paths = [];
  server.on("connection", (socket, request) => {
    paths.push(request.url);
    socket.on("error", () => {});
    serve(socket, request);
  });
  const { port } = server.address();
  return {
    port,
    url: `ws://127.0.0.1:${port}/`,
    paths,
    clients: server.clients,
    close() {
      for (const client of server.clients) client.terminate();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
