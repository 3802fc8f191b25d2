import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:https";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { WebSocketServer } from "ws";
import { cast } from "../support/pki.js";
import { PASSWORD, USER, missingPostgres, postgres } from "../support/postgres.js";
import { freePort, missing, start } from "../support/programs.js";
import { INTERPRETER, run } from "../support/runner.js";
import { httpsServer, mosquitto, tlsServer } from "../support/servers.js";

/** @import { Certificate } from "../support/pki.js" */

const { ca, client, server: certificate, unknownAuthority, wrongHost, expired } = cast();
const folder = mkdtempSync(join(tmpdir(), "examples-"));
after(() => rmSync(folder, { recursive: true }));
/** @param {string} name @param {string} content */
const file = (name, content) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const caFile = file("ca.pem", ca.pem);
/** @param {string} name */
const example = (name) => new URL(`../../examples/${name}`, import.meta.url).pathname;

for (const version of /** @type {const} */ (["TLSv1.2", "TLSv1.3"])) {
  test(`https_get.py fetches a page over ${version} and says what secured it`, async (t) => {
    const server = await httpsServer(certificate, { tls: { minVersion: version, maxVersion: version } });
    t.after(server.stop);
    const { code, stdout, stderr } = await run([example("https_get.py"), `https://localhost:${server.port}/page`, caFile]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^protocol +${version}$`, "m"));
    assert.match(stdout, /^cipher suite +TLS1?-/m);
    assert.match(stdout, /^peer +localhost verified$/m);
    assert.match(stdout, /^certificate +sha256 [0-9a-f]{64}$/m);
    assert.match(stdout, /\n\nhello\n/);
  });
}

/** @type {[what: string, wrong: Certificate, message: RegExp][]} */
const refusals = [
  ["of an unknown authority", unknownAuthority, /ValueError: \nThe certificate is not correctly signed by the trusted CA\n/],
  ["for another host", wrongHost, /ValueError: \nThe certificate Common Name \(CN\) does not match with the expected CN\n/],
  ["that has expired", expired, /ValueError: \nThe certificate validity has expired\n/],
];
for (const [what, wrong, message] of refusals) {
  test(`https_get.py refuses a certificate ${what}`, async (t) => {
    const server = await httpsServer(wrong);
    t.after(server.stop);
    const { code, stdout, stderr } = await run([example("https_get.py"), `https://localhost:${server.port}/`, caFile]);
    assert.equal(code, 1);
    assert.match(stderr, /^Traceback \(most recent call last\):\n/);
    assert.match(stderr, message);
    assert.doesNotMatch(stdout, /hello/);
  });
}

test("https_server.py serves, survives a visitor who does not speak TLS, and serves on", async (t) => {
  const port = await freePort();
  const files = [file("server.pem", certificate.pem), file("server.key", certificate.keyPem)];
  const server = await start(INTERPRETER[0], [...INTERPRETER.slice(1), example("https_server.py"), ...files, String(port)], { ready: /https:/ });
  t.after(server.stop);
  assert.match(await get(port, "/first"), /^\/first came over TLSv1\.3 with TLS/);
  const stranger = await fetch(`http://localhost:${port}/`).catch((error) => error);
  assert(stranger instanceof Error);
  await server.printed(/a visitor was lost/);
  assert.match(await get(port, "/second"), /^\/second came/);
});

test("asyncio_client.py fetches pages at the same time", async (t) => {
  /** @type {(() => void)[]} */
  const waiting = [];
  const server = await httpsServer(certificate, {
    handler(request, response) {
      waiting.push(() => response.end("x".repeat(request.url?.length ?? 0)));
      if (waiting.length === 3) waiting.forEach((answer) => answer()); // nobody is answered before all have asked
    },
  });
  t.after(server.stop);
  const args = ["localhost", String(server.port), caFile, "/", "/two", "/three"];
  const { code, stdout, stderr } = await run([example("asyncio_client.py"), ...args]);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.equal(stdout, "/: HTTP/1.1 200 OK, 1 bytes\n/two: HTTP/1.1 200 OK, 4 bytes\n/three: HTTP/1.1 200 OK, 6 bytes\n");
});

test("websocket_client.py sends texts over wss and prints the answers", async (t) => {
  const server = await httpsServer(certificate);
  t.after(server.stop);
  const sockets = new WebSocketServer({ server: server.server });
  t.after(() => sockets.clients.forEach((client) => client.terminate()));
  sockets.on("connection", (socket) => {
    socket.ping();
    socket.on("message", (message) => socket.send(`you said ${message}`));
  });
  const long = "x".repeat(200);
  const { code, stdout, stderr } = await run([example("websocket_client.py"), `wss://localhost:${server.port}/chat`, "hello", long, "--ca", caFile]);
  assert.equal(stderr, "");
  assert.equal(stdout, `you said hello\nyou said ${long}\n`);
  assert.equal(code, 0);
});

test("mqtt_client.py shows its certificate, agrees on a protocol, and gets its message back", { skip: missing("mosquitto") }, async (t) => {
  const broker = await mosquitto(certificate);
  t.after(broker.stop);
  /** @type {unknown[]} */
  const names = [];
  // The broker knows no ALPN, so that something before it ends TLS, as at AWS.
  const front = await tlsServer(certificate, (socket) => {
    names.push(socket.getPeerCertificate().subject.CN);
    const inside = connectTls({ host: "127.0.0.1", port: broker.port, ca: ca.pem, servername: "localhost" });
    inside.on("error", () => socket.destroy());
    socket.pipe(inside).pipe(socket);
  }, { ALPNProtocols: ["x-amzn-mqtt-ca"], requestCert: true, ca: ca.pem });
  t.after(front.stop);
  const files = [file("client.pem", client.pem), file("client.key", client.keyPem)];
  const args = ["localhost", String(front.port), caFile, ...files, "room/kitchen", "21 degrees", "x-amzn-mqtt-ca"];
  const { code, stdout, stderr } = await run([example("mqtt_client.py"), ...args]);
  assert.equal(stderr, "");
  assert.equal(stdout, "ALPN: x-amzn-mqtt-ca\nroom/kitchen: 21 degrees\n");
  assert.equal(code, 0);
  assert.deepEqual(names, ["client"]);
});

test("postgres_row.py prints a row that PostgreSQL sends over TLS, and what it says of an error", { skip: missingPostgres }, async (t) => {
  const server = await postgres(certificate);
  t.after(server.stop);
  /** @param {string} password @param {string} query */
  const asked = (password, query) => run([example("postgres_row.py"), "localhost", String(server.port), USER, password, "postgres", query, caFile]);
  const { code, stdout, stderr } = await asked(PASSWORD, "SELECT version, 'ü' || 1, NULL FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
  assert.equal(stderr, "");
  assert.equal(stdout, "TLSv1.3 ü1 None\n");
  assert.equal(code, 0);
  assert.match((await asked("another one", "SELECT 1")).stderr, /OSError: the server says: password authentication failed for user "tester" \(28P01\)\n$/);
  assert.match((await asked(PASSWORD, "SELECT nothing")).stderr, /OSError: the server says: column "nothing" does not exist \(42703\)\n$/);
});

/** @param {number} port @param {string} path */
async function get(port, path) {
  const [response] = await once(request({ port, path, host: "localhost", family: 4, ca: ca.pem }).end(), "response");
  let body = "";
  for await (const part of response.setEncoding("utf8")) body += part;
  return body;
}
