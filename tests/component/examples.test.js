import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { ROOT } from "../../scripts/lib/paths.js";
import { WASMTIME, composedExample, missingTools, transpiled } from "../support/component.js";
import { authority } from "../support/pki.js";
import { missing, start } from "../support/programs.js";
import { httpsServer, opensslServer } from "../support/servers.js";

const ca = authority();
const certificate = ca.issue({ names: ["localhost", "127.0.0.1"] });

/** @type {Record<string, {skip: string | false, make: () => Promise<string[]>}>} */
const COMMANDS = {
  "Rust in wasmtime": { skip: missingTools, make: async () => [...WASMTIME, await composedExample()] },
  "JavaScript in Node": {
    skip: false,
    make: async () => (await transpiled(), [process.execPath, join(ROOT, "examples/component-js/fetch.js")]),
  },
};

for (const [name, { skip, make }] of Object.entries(COMMANDS)) {
  /** @type {string[]} */
  let command;
  before(async () => {
    if (!skip) command = await make();
  });

  test(`${name}: the example fetches a page from Node's server`, { skip }, async (t) => {
    const server = await httpsServer(certificate, { handler: (request, response) => response.end(`over ${request.socket.getProtocol()}`) });
    t.after(server.stop);
    const { code, output } = await fetchPage(command, server.port, ca.pem);
    assert.equal(code, 0, output);
    assert.match(output, /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nover TLSv1.3$/);
  });

  test(`${name}: the example fetches a page from openssl's server`, { skip: skip || missing("openssl") }, async (t) => {
    const server = await opensslServer(certificate, ["-www", "-tls1_2"]);
    t.after(server.stop);
    const { code, output } = await fetchPage(command, server.port, ca.pem);
    assert.equal(code, 0, output);
    assert.match(output, /^HTTP\/1.0 200 ok\r\n[^]*Protocol *: TLSv1.2/);
  });

  test(`${name}: the example tells why it does not trust a server`, { skip }, async (t) => {
    const server = await httpsServer(certificate);
    t.after(server.stop);
    const { code, output } = await fetchPage(command, server.port, authority().pem);
    assert.equal(code, 1, output);
    assert.match(output, /value-?error: \nThe certificate is not correctly signed by the trusted CA\n/i);
  });
}

test("Rust in wasmtime: without the network it says so", { skip: missingTools }, async () => {
  const [wasmtime, run, , , , , program] = [...WASMTIME, await composedExample()];
  const { code, output } = await fetchPage([wasmtime, run, program], 443, ca.pem);
  assert.equal(code, 1, output);
  assert.match(output, /^localhost: permanent-resolver-failure\n$/);
});

/**
 * Runs a command with a host, a port, and an authority on its standard input.
 *
 * @param {string[]} command
 * @param {number} port
 * @param {string} pem
 */
async function fetchPage([program, ...args], port, pem) {
  const running = await start(program, [...args, "localhost", String(port)]);
  running.child.stdin.end(pem);
  const { code } = await running.ended();
  return { code, output: running.output() };
}
