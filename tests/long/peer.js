/**
 * Whom the loads' clients talk to: Node's TLS server, which answers each line, a number, with so
 * many bytes.
 */

import { tlsServer } from "../support/servers.js";

const CHUNK = Buffer.alloc(64 * 1024, "0123456789abcdef");

/** @param {import("../support/pki.js").Certificate} certificate */
export function peer(certificate) {
  return tlsServer(certificate, answer, { noDelay: true });
}

/** @param {import("node:tls").TLSSocket} socket */
function answer(socket) {
  let line = "";
  let answering = Promise.resolve();
  socket.on("data", (bytes) => {
    const lines = (line + bytes).split("\n");
    line = lines.pop() ?? "";
    for (const number of lines) answering = answering.then(() => send(socket, Number(number)));
  });
}

/** @param {import("node:tls").TLSSocket} socket @param {number} count */
async function send(socket, count) {
  for (let left = count; left > 0 && !socket.destroyed; left -= CHUNK.length) {
    const done = new Promise((resolve) => socket.write(CHUNK.subarray(0, Math.min(left, CHUNK.length)), resolve));
    if (socket.writableNeedDrain) await done;
  }
}
