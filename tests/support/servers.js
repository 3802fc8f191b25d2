/**
 * Real servers for tests, on free ports of 127.0.0.1; each is ready when it is returned, and ends
 * with the test process.
 */

import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { freePort, portOf, start } from "./programs.js";

/**
 * @typedef {import("node:http").IncomingMessage & {socket: import("node:tls").TLSSocket}}
 *   SecureRequest
 */

/**
 * Node's HTTPS server.
 *
 * @param {import("./pki.js").Certificate} certificate
 * @param {object} [options]
 * @param {(request: SecureRequest, response: import("node:http").ServerResponse) => void}
 *   [options.handler] Answers "hello" by default.
 * @param {import("node:tls").TlsOptions} [options.tls] For example `{ maxVersion: "TLSv1.2" }`.
 * @returns {Promise<{port: number, server: import("node:https").Server, stop: () =>
 *   Promise<void>}>}
 */
export function httpsServer(certificate, { handler = sayHello, tls = {} } = {}) {
  const listener = /** @type {import("node:http").RequestListener} */ (handler); // its sockets are all secure
  return listen(createHttpsServer({ ...identity(certificate), ...tls }, listener));
}

/**
 * Node's TLS server.
 *
 * @param {import("./pki.js").Certificate} certificate
 * @param {(socket: import("node:tls").TLSSocket) => void} onConnection
 * @param {import("node:tls").TlsOptions} [tls]
 * @returns {Promise<{port: number, server: import("node:tls").Server, stop: () => Promise<void>}>}
 */
export function tlsServer(certificate, onConnection, tls = {}) {
  return listen(createTlsServer({ ...identity(certificate), ...tls }, onConnection));
}

/**
 * `openssl s_server`; what is written to its standard input goes to the client, and `output()` has
 * what the client sends.
 *
 * @param {import("./pki.js").Certificate} certificate
 * @param {string[]} [args] For example `["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"]`,
 *   `["-www"]`.
 * @returns {Promise<import("./programs.js").Program & {port: number}>}
 */
export async function opensslServer(certificate, args = []) {
  const port = await freePort();
  const folder = files({ "cert.pem": certificate.pem, "chain.pem": certificate.chainPem, "key.pem": certificate.keyPem });
  const program = await start(
    "openssl",
    ["s_server", "-accept", `127.0.0.1:${port}`, "-cert", "cert.pem", "-cert_chain", "chain.pem", "-key", "key.pem", ...args],
    { cwd: folder, ready: /^ACCEPT$/m },
  );
  return { ...program, port, stop: stopAndRemove(program, folder) };
}

/**
 * The MQTT broker mosquitto with TLS.
 *
 * @param {import("./pki.js").Certificate} certificate
 * @param {object} [options]
 * @param {import("./pki.js").Certificate} [options.clientAuthority] Demands client certificates of
 *   this authority.
 * @returns {Promise<import("./programs.js").Program & {port: number}>}
 */
export async function mosquitto(certificate, { clientAuthority } = {}) {
  const port = await freePort();
  const folder = files({
    "chain.pem": certificate.chainPem,
    "key.pem": certificate.keyPem,
    ...(clientAuthority && { "ca.pem": clientAuthority.pem }),
  });
  const lines = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    `certfile ${join(folder, "chain.pem")}`,
    `keyfile ${join(folder, "key.pem")}`,
    ...(clientAuthority ? [`cafile ${join(folder, "ca.pem")}`, "require_certificate true"] : []),
    ...(process.getuid?.() === 0 ? ["user root"] : []), // or it could not read the key
  ];
  writeFileSync(join(folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
  const program = await start("mosquitto", ["-c", join(folder, "mosquitto.conf"), "-v"], { port });
  return { ...program, port, stop: stopAndRemove(program, folder) };
}

/**
 * websockify: WebSocket on one side, a TCP port on the other.
 *
 * @param {number} target A TCP port on 127.0.0.1.
 * @returns {Promise<import("./programs.js").Program & {port: number}>}
 */
export async function websockify(target) {
  const port = await freePort();
  const program = await start("websockify", [`127.0.0.1:${port}`, `127.0.0.1:${target}`], { port });
  return { ...program, port };
}

/** @param {import("./pki.js").Certificate} certificate */
function identity(certificate) {
  return { key: certificate.keyPem, cert: certificate.chainPem };
}

/** @type {import("node:http").RequestListener} */
function sayHello(request, response) {
  response.end("hello\n");
}

/** @template {import("node:tls").Server} T @param {T} server */
async function listen(server) {
  /** @type {Set<import("node:net").Socket>} */
  const sockets = new Set();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", () => {}); // the client's side of it is what tests look at
  server.on("secureConnection", (socket) => socket.on("error", () => {}));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: portOf(server),
    server,
    async stop() {
      const closed = once(server, "close");
      server.close();
      sockets.forEach((socket) => socket.destroy());
      await closed;
    },
  };
}

/** @param {Record<string, string>} contents */
function files(contents) {
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, name), content, { mode: 0o600 });
  return folder;
}

/** @param {import("./programs.js").Program} program @param {string} folder */
function stopAndRemove(program, folder) {
  return async () => {
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
