/**
 * What a client tells a server of its name (SNI), which names it refuses because TLS cannot carry
 * them, and that certificates are found and verified among many names.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { authority, cast, privateKey } from "../support/pki.js";
import { folder, runCode } from "../support/runner.js";
import { tlsServer } from "../support/servers.js";

/** @import { TestContext } from "node:test" */

const people = cast();
/** @type {Awaited<ReturnType<typeof tlsServer>>} */
let server;

before(async () => {
  server = await tlsServer(people.server, (socket) => socket.end(`${socket.servername}\n`), { maxVersion: "TLSv1.3" });
});
after(() => server.stop());

/**
 * What the server hears for each name, or what the client raises.
 *
 * @param {TestContext} t
 * @param {string[]} names
 */
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

test("check_hostname means what it does in CPython, and the mode decides until it is set", async (t) => {
  const people = cast();
  const wrong = await tlsServer(people.wrongHost, (socket) => socket.end("hello\n"));
  const unknown = await tlsServer(people.unknownAuthority, (socket) => socket.end("hello\n"));
  t.after(() => Promise.all([wrong.stop(), unknown.stop()]));
  const source = `
import socket, ssl, tls
def connect(c, port, **options):
    s = socket.socket()
    s.connect(("127.0.0.1", port))
    try:
        t = c.wrap_socket(s, **options)
        return t.read().strip(), t.getpeercert().get("subjectAltName")
    except (ValueError, OSError) as e:
        return str(e).strip()
    finally:
        s.close()
for module in tls, ssl:
    c = module.SSLContext(module.PROTOCOL_TLS_CLIENT)
    print(c.check_hostname)
    c.verify_mode = module.CERT_OPTIONAL
    print(c.check_hostname)
    c.load_verify_locations(cadata=open("ca.der", "rb").read()) if module is ssl else c.load_verify_locations(open("ca.der", "rb").read())
    c.check_hostname = True
    print(c.check_hostname, c.verify_mode)
    try:
        c.verify_mode = module.CERT_NONE
    except ValueError as e:
        print(e, c.verify_mode)
    for port in ${wrong.port}, ${unknown.port}:
        print(connect(c, port, server_hostname="localhost"))
    print(connect(c, ${wrong.port}, server_side=True))
    c.check_hostname = False
    print(c.check_hostname, c.verify_mode)
    for port in ${wrong.port}, ${unknown.port}:
        print(connect(c, port, server_hostname="localhost"))
        print(connect(c, port))
    c.verify_mode = module.CERT_NONE
    print(c.verify_mode)
`;
  const { stdout, stderr } = await runCode(source, { cwd: folder(t, { "ca.der": people.ca.der }) });
  assert.equal(stderr, "");
  const contradiction = "check_hostname requires CERT_REQUIRED and server_hostname";
  const untrusted = "The certificate is not correctly signed by the trusted CA";
  const lines = [
    "False",
    "True 2",
    `${contradiction} 2`,
    "The certificate Common Name (CN) does not match with the expected CN",
    untrusted,
    contradiction,
    "False 2",
    ...Array(2).fill("(b'hello', (('DNS', 'other.example'),))"),
    ...Array(2).fill(untrusted),
    "0",
  ];
  assert.deepEqual(stdout.trimEnd().split("\n"), ["True", ...lines, "False", ...lines]);
});

test("a name that TLS cannot carry is refused, and not left out", async (t) => {
  const refused = "ValueError server_hostname is neither a DNS name nor an IP address";
  const names = ["bücher.example", `${"x".repeat(64)}.example`, "two..dots", "a space", "a/b", "ends-.example"];
  assert.deepEqual(await heard(t, names), names.map(() => refused));
});

for (const version of /** @type {const} */ (["TLSv1.2", "TLSv1.3"])) {
  test(`a certificate with 1,500 names is verified by each of them, and by no other: ${version}`, async (t) => {
    const names = Array.from({ length: 1500 }, (_, number) => `host${number}.example`);
    const certificate = people.ca.issue({ subject: "many names", names });
    const many = await tlsServer(certificate, (socket) => socket.end("hello\n"), { maxVersion: version });
    t.after(() => many.stop());
    const source = `
import socket, ssl
c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
c.verify_mode = ssl.CERT_REQUIRED
c.load_verify_locations(cafile="ca.pem")
for name in "host0.example", "host750.example", "host1499.example", "host1500.example", "many names":
    s = socket.socket()
    s.connect(("127.0.0.1", ${many.port}))
    try:
        t = c.wrap_socket(s, server_hostname=name)
        print(t.read(), t.getpeercert(True) == open("server.der", "rb").read())
    except ValueError as e:
        print(str(e).strip())
    s.close()
`;
    const { code, stdout, stderr } = await runCode(source, { cwd: folder(t, { "ca.pem": people.ca.pem, "server.der": certificate.der }) });
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      ...Array(3).fill("b'hello\\n' True"),
      "The certificate Common Name (CN) does not match with the expected CN",
      "server_hostname is neither a DNS name nor an IP address",
    ]);
  });
}

test("a server's authority is found in a bundle of 1,500, wherever it stands", async (t) => {
  const key = privateKey("p256");
  const others = Array.from({ length: 1499 }, (_, number) => authority({ subject: `Other CA ${number}`, key }).pem);
  const middle = [...others.slice(0, 750), people.ca.pem, ...others.slice(750)];
  const files = {
    "first.pem": [people.ca.pem, ...others].join(""),
    "middle.pem": middle.join(""),
    "last.pem": [...others, people.ca.pem].join(""),
    "none.pem": others.join(""),
  };
  const source = `
import socket, ssl
for file in "first.pem", "middle.pem", "last.pem", "none.pem":
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.verify_mode = ssl.CERT_REQUIRED
    c.load_verify_locations(cafile=file)
    s = socket.socket()
    s.connect(("127.0.0.1", ${server.port}))
    try:
        print(c.wrap_socket(s, server_hostname="localhost").read())
    except ValueError as e:
        print(str(e).strip())
    s.close()
`;
  const { code, stdout, stderr } = await runCode(source, { cwd: folder(t, files) });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.deepEqual(stdout.trimEnd().split("\n"), [
    ...Array(3).fill("b'localhost\\n'"),
    "The certificate is not correctly signed by the trusted CA",
  ]);
});
