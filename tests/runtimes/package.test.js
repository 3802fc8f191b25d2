/**
 * The installed package in one JavaScript runtime; scripts/suites/runtimes.js says in which one,
 * and where the package is.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, after, test } from "node:test";
import { cast } from "../support/pki.js";
import { printed, run, start } from "../support/runner.js";
import { httpsServer } from "../support/servers.js";

const { TEST_FOLDER: folder = "", TEST_RUNTIME = "[]" } = process.env;
const command = JSON.parse(TEST_RUNTIME);
const REFUSED = "The certificate is not correctly signed by the trusted CA";

const { ca, server: certificate, unknownAuthority } = cast();
/** @typedef {Awaited<ReturnType<typeof httpsServer>>} Server */

/** @type {Server} */
let known;
/** @type {Server} */
let unknown;

before(async () => {
  [known, unknown] = [await httpsServer(certificate), await httpsServer(unknownAuthority)];
  writeFileSync(join(folder, "ca.pem"), ca.pem);
});
after(() => Promise.all([known.stop(), unknown.stop()]));

/** Runs a script of the folder. @param {string} text */
async function script(text) {
  writeFileSync(join(folder, "script.js"), text);
  return run(["script.js"], { cwd: folder, command });
}

test("a program talks TLS with a verified server, refuses another one, reads a file and its input, and has its exit code", async () => {
  const program = `
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
with open("ca.pem", "rb") as f:
  context.load_verify_locations(cadata=f.read())
for port in sys.argv[1:]:
  plain = socket.socket()
  plain.connect(socket.getaddrinfo("localhost", int(port))[0][-1])
  try:
    stream = context.wrap_socket(plain, server_hostname="localhost")
    stream.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
    print(stream.version(), stream.read().split(b"\\r\\n\\r\\n")[1])
  except ValueError as e:
    print(str(e).strip())
print(input())
sys.exit(7)
`;
  writeFileSync(join(folder, "program.py"), program);
  const { code, stdout, stderr } = await run(["program.py", String(known.port), String(unknown.port)], { cwd: folder, input: "typed\n" });
  assert.equal(stderr, "");
  assert.equal(stdout, `TLSv1.3 b'hello\\n'\n${REFUSED}\ntyped\n`);
  assert.equal(code, 7);
});

test("Ctrl-C raises KeyboardInterrupt in a program that computes", async () => {
  const child = start(["-c", "try:\n  print('ready')\n  while True: pass\nfinally:\n  print('finally')"]);
  await printed(child, /ready/);
  child.kill("SIGINT");
  const { code, stdout, stderr } = await child.finished;
  assert.equal(stdout, "ready\nfinally\n");
  assert.match(stderr, /^Traceback[^]*KeyboardInterrupt: \n$/);
  assert.equal(code, 1);
});

test("connect() and listen() talk TLS, and connect() refuses an unknown server", async () => {
  const { code, stdout, stderr } = await script(`
import { connect, listen } from "micropython-ssl";
const ca = ${JSON.stringify(ca.pem)};
const listener = await listen({}, { cert: ${JSON.stringify(certificate.chainPem)}, key: ${JSON.stringify(certificate.keyPem)} });
(async () => {
  for await (const socket of listener) socket.readable.pipeTo(socket.writable);
})();
const socket = connect({ hostname: "localhost", port: listener.address.port }, { secureTransport: "on", ca });
const writer = socket.writable.getWriter();
await writer.write(new TextEncoder().encode("echo"));
await writer.close();
let text = "";
for await (const bytes of socket.readable) text += new TextDecoder().decode(bytes);
console.log(text);
await connect("localhost:${unknown.port}", { secureTransport: "on", ca }).opened.catch((error) => console.log(error.message));
process.exit(4);
`);
  assert.equal(stderr, "");
  assert.equal(stdout, `echo\n${REFUSED}\n`);
  assert.equal(code, 4);
});

test("npm's MicroPython gets sockets and TLS", async () => {
  const { stdout, stderr } = await script(`
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";
import { installMicroPython } from "micropython-ssl";
const mp = await loadMicroPython({ linebuffer: false });
await installMicroPython(mp, { stdout: (text) => process.stdout.write(text) });
mp.FS.writeFile("/ca.pem", ${JSON.stringify(ca.pem)});
await mp.runPythonAsync(\`
import asyncio, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cafile="/ca.pem")
reader, writer = await asyncio.open_connection("localhost", ${"${known.port}"}, ssl=context, server_hostname="localhost")
writer.write(b"GET / HTTP/1.0\\\\r\\\\n\\\\r\\\\n")
await writer.drain()
print((await reader.read()).split(b"\\\\r\\\\n\\\\r\\\\n")[1])
\`);
process.exit();
`.replace("${known.port}", String(known.port)));
  assert.equal(stderr, "");
  assert.equal(stdout, "b'hello\\n'\n");
});
