import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:https";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { cast } from "../support/pki.js";
import { freePort, start } from "../support/programs.js";
import { INTERPRETER, run } from "../support/runner.js";
import { httpsServer } from "../support/servers.js";

const { ca, server: certificate, unknownAuthority, wrongHost, expired } = cast();
const folder = mkdtempSync(join(tmpdir(), "examples-"));
after(() => rmSync(folder, { recursive: true }));
const file = (name, content) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const caFile = file("ca.pem", ca.pem);
const example = (name) => new URL(`../../examples/${name}`, import.meta.url).pathname;

for (const version of ["TLSv1.2", "TLSv1.3"]) {
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
  const waiting = [];
  const server = await httpsServer(certificate, {
    handler(request, response) {
      waiting.push(() => response.end("x".repeat(request.url.length)));
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

async function get(port, path) {
  const [response] = await once(request({ port, path, host: "localhost", family: 4, ca: ca.pem }).end(), "response");
  let body = "";
  for await (const part of response.setEncoding("utf8")) body += part;
  return body;
}
