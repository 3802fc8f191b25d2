import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import { connect } from "node:tls";
import { cast } from "../support/pki.js";
import { missing, start } from "../support/programs.js";
import { httpsServer, mosquitto, opensslServer, tlsServer, websockify } from "../support/servers.js";

/** @import { ConnectionOptions } from "node:tls" */

const { ca, server: certificate, client } = cast();

test("Node's HTTPS server answers over TLS", async (t) => {
  const server = await httpsServer(certificate);
  t.after(server.stop);
  const response = await ask(server.port, "GET / HTTP/1.0\r\n\r\n");
  assert.match(response, /^HTTP\/1.1 200 OK\r\n/);
  assert.match(response, /hello\n$/);
});

test("openssl's server passes on what it is told and tells what it got", { skip: missing("openssl") }, async (t) => {
  const server = await opensslServer(certificate, ["-tls1_3"]);
  t.after(server.stop);
  const socket = connect({ port: server.port, host: "127.0.0.1", servername: "localhost", ca: ca.pem });
  await once(socket, "secureConnect");
  assert.equal(socket.getProtocol(), "TLSv1.3");
  socket.write("from the client\n");
  await server.printed(/from the client/);
  server.child.stdin.write("from the server\n");
  const [data] = await once(socket, "data");
  assert.equal(String(data), "from the server\n");
  socket.destroy();
});

test("mosquitto takes clients with a certificate only", { skip: missing("mosquitto") }, async (t) => {
  const server = await mosquitto(certificate, { clientAuthority: ca });
  t.after(server.stop);
  const hello = Buffer.from([0x10, 0x0d, 0, 4, ...Buffer.from("MQTT"), 4, 2, 0, 60, 0, 1, 0x78]); // CONNECT as "x"
  const connack = await ask(server.port, hello, { key: client.keyPem, cert: client.pem });
  assert.deepEqual([...Buffer.from(connack, "latin1")], [0x20, 2, 0, 0]);
  await assert.rejects(ask(server.port, hello));
});

test("websockify upgrades to a WebSocket", { skip: missing("websockify") }, async (t) => {
  const target = await tlsServer(certificate, () => {});
  t.after(target.stop);
  const proxy = await websockify(target.port);
  t.after(proxy.stop);
  const socket = connectTcp(proxy.port, "127.0.0.1");
  socket.write(
    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\n\r\n",
  );
  const [answer] = await once(socket, "data");
  assert.match(String(answer), /^HTTP\/1.1 101 /);
  socket.destroy();
});

test("a server that is stopped is gone, and one that cannot start says why", async (t) => {
  const server = await tlsServer(certificate, (socket) => socket.resume());
  const socket = connect({ port: server.port, host: "127.0.0.1", servername: "localhost", ca: ca.pem });
  await once(socket, "secureConnect");
  socket.on("error", () => {});
  await server.stop();
  await assert.rejects(ask(server.port, ""), { code: "ECONNREFUSED" });
  await assert.rejects(start("sh", ["-c", "echo no room; exit 3"], { ready: /ready/ }), /exit code 3.*no room/s);
  const sleeper = await start("sh", ["-c", "echo ready; sleep 60"], { ready: /ready/ });
  t.after(sleeper.stop);
  await sleeper.stop();
  assert.equal((await sleeper.ended()).signal, "SIGTERM");
});

/**
 * @param {number} port
 * @param {string | Uint8Array} request
 * @param {ConnectionOptions} [options]
 */
async function ask(port, request, options = {}) {
  const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca: ca.pem, ...options });
  await once(socket, "secureConnect");
  socket.write(request);
  const chunks = [];
  for await (const chunk of socket) {
    chunks.push(chunk);
    if (!String(request).startsWith("GET")) break;
  }
  if (!chunks.length) throw new Error("closed without an answer");
  return Buffer.concat(chunks).toString("latin1");
}
