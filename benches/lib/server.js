/**
 * The server that all clients of a bench talk to, in a process of its own: one port a case, Node's
 * own TLS. Greets with one byte, which completes a handshake for the client; then a line with a
 * number is answered with that many bytes.
 */

import { once } from "node:events";
import { createInterface } from "node:readline";
import { createServer } from "node:tls";
import { authority } from "../../tests/support/pki.js";
import { portOf } from "../../tests/support/programs.js";
import { CASES } from "./cases.js";

const CHUNK = Buffer.alloc(256 * 1024, `${"0123456789abcdef".repeat(4).slice(1)}\n`); // lines of 64 bytes

const ca = authority();
/** @type {Record<string, number>} */
const ports = {};
for (const [name, { key, tls }] of Object.entries(CASES)) {
  const certificate = ca.issue({ names: ["localhost", "127.0.0.1"], key });
  const server = createServer({ key: certificate.keyPem, cert: certificate.chainPem, ...tls }, serve);
  server.on("tlsClientError", (error) => console.error(`${name}: ${error.message}`));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ports[name] = portOf(server);
}
process.stdin.on("end", () => process.exit()).resume(); // ends with who started it
console.log(JSON.stringify({ ports, ca: ca.pem }));

/** @param {import("node:tls").TLSSocket} socket */
async function serve(socket) {
  socket.on("error", () => {}); // clients go as they please
  socket.setNoDelay(true);
  socket.write(".");
  for await (const line of createInterface({ input: socket })) {
    for (let left = Number(line); left > 0; left -= CHUNK.length) {
      if (!socket.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK)) await once(socket, "drain");
      if (socket.destroyed) return;
    }
  }
}
