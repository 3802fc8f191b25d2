/**
 * What the page's bench needs, in a process of its own: the pages, isolated and not; two servers,
 * plain and TLS with ChaCha20, that answer a line with so many bytes; and a relay that moves the
 * bytes of a WebSocket to and from them, the same way for both.
 */

import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { WebSocketServer } from "ws";
import { serveTestPages } from "../../tests/support/browser.js";
import { authority } from "../../tests/support/pki.js";
import { portOf } from "../../tests/support/programs.js";
import { fileURLToPath } from "node:url";

/**
 * With what TLS adds, a chunk is as long as what the relay reads at once. A longer chunk would be
 * two messages.
 */
const CHUNK = Buffer.alloc(60 * 1024, "0123456789abcdef");

const ca = authority();
const { keyPem: key, chainPem: cert } = ca.issue({ names: ["localhost"], key: "p256" });
/** @type {import("node:tls").TlsOptions} */
const chacha20 = { ciphers: "TLS_CHACHA20_POLY1305_SHA256", minVersion: "TLSv1.3", ecdhCurve: "X25519" };
const ports = {
  plain: await listen(createServer({ noDelay: true }, answer)),
  tls: await listen(createTlsServer({ key, cert, noDelay: true, ...chacha20 }, answer)),
};
const relay = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
relay.on("connection", tunnel);
await once(relay, "listening");
/** @type {[string, string][]} */
const pages = [["/bench/", fileURLToPath(new URL(".", import.meta.url))]];
const isolated = await serveTestPages({ more: pages });
const open = await serveTestPages({ more: pages, isolate: false });

process.stdin.on("end", () => process.exit()).resume(); // ends with who started it
console.log(JSON.stringify({ ports, ca: ca.pem, relay: `ws://127.0.0.1:${portOf(relay)}/`, pages: { isolated: isolated.url, open: open.url } }));

/** Answers each line, a number, with so many bytes. @param {import("node:net").Socket} socket */
function answer(socket) {
  socket.on("error", () => {});
  let line = "";
  socket.on("data", async (bytes) => {
    line += bytes;
    for (let end; (end = line.indexOf("\n")) >= 0; ) {
      let left = Number(line.slice(0, end));
      line = line.slice(end + 1);
      for (; left > 0; left -= CHUNK.length) {
        if (!socket.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK)) await once(socket, "drain").catch(() => {});
        if (socket.destroyed) return;
      }
    }
  });
}

/**
 * wsproxy: the target is the last part of the address.
 *
 * @param {import("ws").WebSocket} webSocket
 * @param {import("node:http").IncomingMessage} request
 */
function tunnel(webSocket, { url = "" }) {
  const [host, port] = url.slice(url.lastIndexOf("/") + 1).split(":");
  const socket = connect({ host, port: Number(port), noDelay: true });
  socket.on("error", () => webSocket.close());
  socket.on("close", () => webSocket.close());
  socket.on("data", (bytes) => {
    webSocket.send(bytes, () => webSocket.bufferedAmount < 1024 * 1024 && socket.resume());
    if (webSocket.bufferedAmount > 1024 * 1024) socket.pause();
  });
  webSocket.on("message", (bytes) => socket.write(/** @type {Buffer} */ (bytes)));
  webSocket.on("close", () => socket.destroy());
}

/** @param {import("node:net").Server} server */
async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return portOf(server);
}
