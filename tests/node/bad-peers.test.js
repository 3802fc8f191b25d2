/**
 * Peers that do not do their part: the program gets MicroPython's exception, a traceback and exit
 * code 1.
 */

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";

import { cast } from "../support/pki.js";
import { listen, runCode } from "../support/runner.js";
import { tlsServer } from "../support/servers.js";

/**
 * @import { Socket } from "node:net"
 * @import { TlsOptions } from "node:tls"
 */

/** @param {number} port */
const fetch = (port) => `
import socket, ssl
s = socket.socket()
s.connect(socket.getaddrinfo("127.0.0.1", ${port})[0][-1])
t = ssl.wrap_socket(s)
print(t.read())
`;

/** @type {[what: string, answer: (socket: Socket) => void, error: string][]} */
const strangers = [
  ["speaks plain HTTP", (socket) => socket.end("HTTP/1.0 400 Bad Request\r\n\r\n"), "OSError: (-29184, 'MBEDTLS_ERR_SSL_INVALID_RECORD')"],
  ["closes in the handshake", (socket) => socket.end(), "OSError: (-29312, 'MBEDTLS_ERR_SSL_CONN_EOF')"],
  ["resets in the handshake", (socket) => socket.resetAndDestroy(), "OSError: [Errno 104] ECONNRESET"],
];

for (const [what, answer, error] of strangers) {
  test(`a server that ${what}`, async (t) => {
    const port = await listen(t, createServer((socket) => socket.once("data", () => answer(socket))));
    const { code, stdout, stderr } = await runCode(fetch(port));
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /^Traceback \(most recent call last\):\n/);
    assert.ok(stderr.endsWith(`${error}\n`), stderr);
  });
}

test("a server with TLS 1.1 at most has no version in common", async (t) => {
  /** @type {TlsOptions} */
  const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" };
  const server = await tlsServer(cast().server, () => {}, old);
  t.after(server.stop);
  const { stderr } = await runCode(fetch(server.port));
  assert.ok(stderr.endsWith("OSError: (-28288, 'MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION')\n"), stderr);
});

test("a response that ends without close_notify ends there, as in MicroPython", async (t) => {
  const server = await tlsServer(cast().server, (socket) => {
    socket.write("partial");
    // The bytes below TLS end; nothing says that TLS does. Node offers no way to the socket below.
    const internals = /** @type {any} */ (socket);
    setTimeout(() => internals._parent?.end() ?? internals._handle?.close(), 200);
  });
  t.after(server.stop);
  const { code, stdout } = await runCode(fetch(server.port));
  assert.equal(stdout, "b'partial'\n");
  assert.equal(code, 0);
});
