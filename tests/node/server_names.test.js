/**
 * What a client tells a server of its name (SNI), and which names it refuses because TLS cannot
 * carry them.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { cast } from "../support/pki.js";
import { folder, runCode } from "../support/runner.js";
import { tlsServer } from "../support/servers.js";

const people = cast();
let server;

before(async () => {
  server = await tlsServer(people.server, (socket) => socket.end(`${socket.servername}\n`), { maxVersion: "TLSv1.3" });
});
after(() => server.stop());

/** What the server hears for each name, or what the client raises. */
async function heard(t, names) {
  const source = `
import socket, ssl
for name in ${JSON.stringify(names)}:
    s = socket.socket()
    s.connect(("127.0.0.1", ${server.port}))
    try:
        print(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(s, server_hostname=name).read().decode().strip())
    except ValueError as e:
        print("ValueError", e)
    s.close()
`;
  const { code, stdout, stderr } = await runCode(source, { cwd: folder(t, {}) });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return stdout.trimEnd().split("\n");
}

test("a server hears the names that clients give", async (t) => {
  const long = `${"x".repeat(63)}.example`;
  assert.deepEqual(await heard(t, ["localhost", "under_score.example", "_srv.example", "xn--bcher-kva.example", long]), [
    "localhost",
    "under_score.example",
    "_srv.example",
    "xn--bcher-kva.example",
    long,
  ]);
});

test("the dot after a name is not sent, and an address is none (RFC 6066)", async (t) => {
  assert.deepEqual(await heard(t, ["localhost.", "127.0.0.1", "::1", ""]), ["localhost", "false", "false", "false"]);
});

test("a name that TLS cannot carry is refused, and not left out", async (t) => {
  const refused = "ValueError server_hostname is neither a DNS name nor an IP address";
  const names = ["bücher.example", `${"x".repeat(64)}.example`, "two..dots", "a space", "a/b", "ends-.example"];
  assert.deepEqual(await heard(t, names), names.map(() => refused));
});
