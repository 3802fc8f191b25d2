/** getpeercert(), as CPython has it: what it tells of a certificate, and when it tells nothing. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";
import { installMicroPython } from "../../web/index.node.js";
import { authority } from "../support/pki.js";
import { missing } from "../support/programs.js";
import { folder, freePort, listen, printed, run, runnerOnly, start } from "../support/runner.js";

/** @import { TestContext } from "node:test" */

/** Every kind of name, string type and set of attributes. */
const CONFIG = String.raw`
[req]
prompt = no
string_mask = MASK:0x2806
utf8 = yes
distinguished_name = subject
x509_extensions = extensions
[subject]
C = DE
ST = Köln "quoted"
OU = one
+OU = two
O = back\\slash
CN = localhost
emailAddress = somebody@example.org
serialNumber = 12
organizationIdentifier = an identifier
jurisdictionCountryName = DE
0.1.2.3.4.5 = unknown
[extensions]
subjectAltName = @names
[names]
DNS.1 = localhost
DNS.2 = *.example.org
IP.1 = 127.0.0.1
IP.2 = 2001:db8::ff
email = somebody@example.org
URI = https://example.org/?a=b
RID = 1.2.3.4
otherName = 1.2.3.4;UTF8:something
dirName = other
[other]
O = directory
CN = name
`;

/**
 * Prints what getpeercert() says after a handshake, in JSON.
 *
 * @param {number} port
 * @param {string} mode
 */
const program = (port, mode) => `
import json, socket, ssl
c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
c.load_verify_locations("cert.pem")
c.verify_mode = ssl.${mode}
s = socket.socket()
s.connect(socket.getaddrinfo("127.0.0.1", ${port})[0][-1])
t = c.wrap_socket(s, server_hostname="localhost", do_handshake_on_connect=False)
print(t.getpeercert(), t.getpeercert(True))
t.do_handshake()
d = t.getpeercert()
print(json.dumps(d))
print(d == t.getpeercert(False) == t.getpeercert(binary_form=False), len(t.getpeercert(True)), len(t.getpeercert(binary_form=True)))
print(type(d.get("subject", ())), all(isinstance(pair, tuple) for name in d.get("subject", ()) for pair in name))
t.close()
`;

/** @param {TestContext} t */
async function richServer(t) {
  const cwd = folder(t, { "openssl.cnf": CONFIG });
  execFileSync("openssl", ["req", "-x509", "-config", "openssl.cnf", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-set_serial", "0x8f00000000000000000001", "-keyout", "key.pem", "-out", "cert.pem"], { cwd, stdio: "ignore" });
  /** @param {string} name */
  const pem = (name) => readFileSync(join(cwd, name));
  const port = await listen(t, tls.createServer({ key: pem("key.pem"), cert: pem("cert.pem") }));
  return { cwd, port, certificate: pem("cert.pem") };
}

/** What CPython reads in a certificate. @param {string} path */
function inCPython(path) {
  const code = "import json, sys, _ssl; print(json.dumps(_ssl._test_decode_cert(sys.argv[1])))";
  return JSON.parse(execFileSync("python3", ["-c", code, path], { encoding: "utf8" }));
}

const skip = missing("openssl") || missing("python3");

test("a verified peer's certificate is told as CPython tells it", { skip }, async (t) => {
  const { cwd, port, certificate } = await richServer(t);
  const { stdout, stderr } = await run(["-c", program(port, "CERT_REQUIRED")], { cwd });
  assert.equal(stderr, "");
  const [before, description, forms, types] = stdout.trimEnd().split("\n");
  assert.equal(before, "None None");
  const expected = inCPython(join(cwd, "cert.pem"));
  assert.ok(expected.subjectAltName.length > 8, "CPython has read the names");
  assert.deepEqual(JSON.parse(description), expected);
  const der = Buffer.from(certificate.toString().replace(/-----.*/g, ""), "base64");
  assert.equal(forms, `True ${der.length} ${der.length}`);
  assert.equal(types, "<class 'tuple'> True");
});

for (const mode of ["CERT_NONE", "CERT_OPTIONAL"]) {
  test(`nothing is told of a peer that ${mode} does not verify`, { skip }, async (t) => {
    const { cwd, port } = await richServer(t);
    const { stdout, stderr } = await run(["-c", program(port, mode)], { cwd });
    assert.equal(stderr, "");
    assert.match(stdout, /^None None\n\{\}\nTrue (\d+) \1\n/);
  });
}

test("a resumed session tells of its peer, and a client without a certificate is None", async (t) => {
  const ca = authority();
  const server = ca.issue({ names: ["localhost"] });
  const cwd = folder(t, { "ca.pem": ca.pem, "cert.pem": server.chainPem, "key.pem": server.keyPem });
  const port = await freePort();
  const serving = start(["-c", `
import socket, ssl
c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
c.load_cert_chain("cert.pem", "key.pem")
l = socket.socket()
l.bind(socket.getaddrinfo("127.0.0.1", ${port})[0][-1])
l.listen(1)
print("listening")
for _ in range(2):
    t = c.wrap_socket(l.accept()[0], server_side=True)
    t.write(b"hello")
    print(t.getpeercert(), t.read(1))
    t.close()
`], { cwd });
  t.after(() => serving.kill());
  await printed(serving, /listening/);
  const { stdout, stderr } = await run(["-c", `
import socket, ssl
c = ssl.create_default_context(cafile="ca.pem")
for _ in range(2):
    s = socket.socket()
    s.connect(socket.getaddrinfo("127.0.0.1", ${port})[0][-1])
    t = c.wrap_socket(s, server_hostname="localhost")
    print(t.read(5), t.getpeercert()["subjectAltName"])
    t.write(b"!")
    t.close()
`], { cwd });
  assert.equal(stderr, "");
  assert.equal(stdout, "b'hello' (('DNS', 'localhost'),)\n".repeat(2));
  assert.equal((await serving.finished).stdout, `listening\n${"None b'!'\n".repeat(2)}`);
});

test("npm's MicroPython tells the same", { skip: skip || runnerOnly("is not this interpreter") }, async (t) => {
  const { cwd, port, certificate } = await richServer(t);
  let out = "";
  const mp = await loadMicroPython({ pystack: 16 * 1024, linebuffer: false });
  const installation = await installMicroPython(mp, { stdout: (text) => (out += text) });
  t.after(() => installation.close());
  await mp.runPythonAsync(`
import asyncio, json, ssl
async def main():
    for mode in ssl.CERT_REQUIRED, ssl.CERT_NONE:
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        c.load_verify_locations(cadata=${JSON.stringify(certificate.toString())}.encode())
        c.verify_mode = mode
        r, w = await asyncio.open_connection("127.0.0.1", ${port}, ssl=c, server_hostname="localhost")
        print(w.s.getpeercert())
        w.write(b"x")
        await w.drain()
        print(json.dumps(w.s.getpeercert()))
        print(w.s.getpeercert() == w.s.getpeercert(binary_form=False), type(w.s.getpeercert().get("subject", ())))
        w.close()
        await w.wait_closed()
asyncio.run(main())
`);
  await null; // what was printed last is on its way
  const [first, description, same, second, unverified] = out.split("\n");
  assert.deepEqual([first, same, second, unverified], ["None", "True <class 'tuple'>", "None", "{}"]);
  assert.deepEqual(JSON.parse(description), inCPython(join(cwd, "cert.pem")));
});
