/** The authorities that the environment has programs, connect() and installMicroPython() trust. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { ROOT } from "../../scripts/lib/paths.js";
import { cast } from "../support/pki.js";
import { CLI, folder as temporaryFolder } from "../support/runner.js";
import { httpsServer } from "../support/servers.js";

const { ca, server: certificate } = cast();
const run = promisify(execFile);
const UNKNOWN = "The certificate is not correctly signed by the trusted CA";

describe("in Node", () => {
  /** @type {Awaited<ReturnType<typeof httpsServer>>} */
  let server;
  before(async () => (server = await httpsServer(certificate)));
  after(() => server.stop());

  /** @param {string} text */
  const begin = (text) => ["--input-type=module", "-e", `import * as all from "./web/index.node.js";\n${text}\nprocess.exit();`];
  const ways = {
    "a program": () => [CLI, "-c", `
import socket, ssl
try:
  sock = socket.socket()
  sock.connect(socket.getaddrinfo("localhost", ${server.port})[0][-1])
  print(ssl.create_default_context().wrap_socket(sock, server_hostname="localhost").version())
except (OSError, ValueError) as e: print(e)`],
    "connect()": () => begin(`
const socket = all.connect("localhost:${server.port}", { secureTransport: "on" });
console.log(await socket.opened.then(({ version }) => version, ({ code, message }) => code === "ERR_TLS_CERTIFICATE" ? message : code + " " + message));`),
    "a program in npm's MicroPython": () => begin(`
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";
const mp = await loadMicroPython({ linebuffer: false });
await all.installMicroPython(mp, { stdout: (text) => process.stdout.write(text) });
await mp.runPythonAsync(\`
import asyncio, ssl
async def main():
  try:
    _, writer = await asyncio.open_connection("localhost", ${server.port}, ssl=ssl.create_default_context(), server_hostname="localhost")
    writer.write(b"x")
    await writer.drain()
    print(writer.s.version())
  except (OSError, ValueError) as e: print(e)
await main()\`);`),
  };

  for (const [name, args] of Object.entries(ways)) {
    test(`${name} trusts Mozilla's authorities, those that NODE_EXTRA_CA_CERTS adds, or those of SSL_CERT_FILE`, async (t) => {
      const folder = temporaryFolder(t, { "ca.pem": ca.pem, "other.pem": cast().unknownAuthority.chainPem });
      /** @param {NodeJS.ProcessEnv} variables */
      const printed = async (variables) => {
        const { SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, ...environment } = process.env;
        const { stdout, stderr } = await run(process.execPath, args(), { cwd: ROOT, env: { ...environment, ...variables } });
        return { printed: stdout.trim(), stderr };
      };
      assert.deepEqual(await printed({}), { printed: UNKNOWN, stderr: "" });
      assert.deepEqual(await printed({ NODE_EXTRA_CA_CERTS: `${folder}/ca.pem` }), { printed: "TLSv1.3", stderr: "" });
      assert.deepEqual(await printed({ SSL_CERT_FILE: `${folder}/ca.pem` }), { printed: "TLSv1.3", stderr: "" });
      const other = await printed({ SSL_CERT_FILE: `${folder}/other.pem`, NODE_EXTRA_CA_CERTS: `${folder}/ca.pem` });
      assert.equal(other.printed, UNKNOWN);
      assert.match((await printed({ SSL_CERT_FILE: "none.pem" })).printed, /ENOENT/);
      const extra = await printed({ NODE_EXTRA_CA_CERTS: "none.pem" });
      assert.equal(extra.printed, UNKNOWN);
      assert.match(extra.stderr, /Warning: .*none\.pem/);
    });
  }
});
