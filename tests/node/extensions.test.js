/** What a program gets beyond MicroPython's ssl, when it asks for it. */

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { rootCertificates } from "node:tls";

import { cast } from "../support/pki.js";
import { folder, noProcfs, notInPage, printed, residentMemory, run, runCode, runnerOnly, start } from "../support/runner.js";
import { tlsServer } from "../support/servers.js";

/** @import { TestContext } from "node:test" */

const people = cast();
/** @type {Awaited<ReturnType<typeof tlsServer>>} */
let server;

before(async () => {
  server = await tlsServer(people.server, (socket) => socket.end(`${socket.alpnProtocol} ${socket.isSessionReused()}\n`), {
    ALPNProtocols: ["http/1.1", "h2"],
  });
});
after(() => server.stop());

/**
 * Runs Python with `connect(ctx)`, which gives a connected SSLSocket, and `ctx`, which trusts the
 * server.
 *
 * @param {TestContext} t
 * @param {string} source
 */
async function python(t, source) {
  const cwd = folder(t, { "ca.pem": people.ca.pem });
  const prelude = `
import socket, ssl, tls
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ctx.verify_mode = ssl.CERT_REQUIRED
ctx.load_verify_locations(cafile="ca.pem")
def connect(ctx):
    s = socket.socket()
    s.connect(socket.getaddrinfo("127.0.0.1", ${server.port})[0][-1])
    return ctx.wrap_socket(s, server_hostname="localhost")
`;
  const { code, stdout, stderr } = await runCode(prelude + source, { cwd });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return { lines: stdout.trimEnd().split("\n"), cwd };
}

test("versions can be bounded", async (t) => {
  const { lines } = await python(t, `
print(ctx.minimum_version == tls.TLSVersion.TLSv1_2, ctx.maximum_version == ssl.TLSVersion.TLSv1_3)
print(connect(ctx).version())
ctx.maximum_version = ssl.TLSVersion.TLSv1_2
print(connect(ctx).version(), ctx.maximum_version)
try:
    ctx.minimum_version = ssl.TLSVersion.TLSv1_3
except OSError as e:
    print(e)
try:
    ctx.minimum_version = 0x0301
except OSError as e:
    print(e, ctx.minimum_version)
`);
  assert.deepEqual(lines, [
    "True True",
    "TLSv1.3",
    "TLSv1.2 771",
    "(-24192, 'MBEDTLS_ERR_SSL_BAD_CONFIG')",
    "(-24192, 'MBEDTLS_ERR_SSL_BAD_CONFIG') 771",
  ]);
});

test("ALPN picks what the server wants most of all that is offered", async (t) => {
  const { lines } = await python(t, `
print(connect(ctx).selected_alpn_protocol())
ctx.set_alpn_protocols(["h2", "http/1.1"])
s = connect(ctx)
print(s.selected_alpn_protocol(), s.readline())
`);
  assert.deepEqual(lines, ["None", "http/1.1 b'http/1.1 false\\n'"]);
});

test("a context resumes its sessions, another does not", async (t) => {
  const { lines } = await python(t, `
for i in range(3):
    s = connect(ctx)
    print(s.readline())
    s.close()
other = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
print(connect(other).readline())
`);
  assert.deepEqual(lines, ["b'false false\\n'", "b'false true\\n'", "b'false true\\n'", "b'false false\\n'"]);
});

test("secrets are logged where the program says", { skip: notInPage("a page's files are in memory") }, async (t) => {
  const { lines, cwd } = await python(t, `
print(ctx.keylog_filename)
ctx.keylog_filename = "keys.log"
connect(ctx).close()
try:
    ctx.keylog_filename = "no/such/folder"
except OSError as e:
    print(e.errno)
`);
  assert.deepEqual(lines, ["None", "2"]);
  const log = readFileSync(join(cwd, "keys.log"), "utf8");
  for (const label of ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"]) {
    assert.match(log, new RegExp(`^${label} [0-9a-f]{64} ([0-9a-f]{64}|[0-9a-f]{96})$`, "m"));
  }
});

test("only its owner reads a log of secrets, and others read what else the program writes", { skip: runnerOnly("WASI knows no modes of files") }, async (t) => {
  const { cwd } = await python(t, `
ctx.keylog_filename = "keys.log"
connect(ctx).close()
open("other.txt", "w").close()
try:
    ctx.keylog_filename = "no/such/folder"
except OSError:
    open("later.txt", "w").close()
`);
  const modes = ["keys.log", "other.txt", "later.txt"].map((name) => statSync(join(cwd, name)).mode & 0o777);
  assert.deepEqual(modes, [0o600, 0o644, 0o644].map((mode) => mode & ~process.umask()));
});

test("a setting that is not known raises, in tls and in ssl", async (t) => {
  const { lines } = await python(t, `
for context in (ctx, tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)):
    for name in ("psk_identit", "check_hostnam", "verify_mod", "nonsense"):
        try:
            setattr(context, name, b"x")
            print("taken", name)
        except AttributeError:
            pass
    context.verify_mode = ssl.CERT_NONE
print(ctx.verify_mode)
`);
  assert.deepEqual(lines, ["0"]);
});

for (const [version, maximum] of [["TLSv1.2", "TLSv1_2"], ["TLSv1.3", "TLSv1_3"]]) {
  test(`a server that a verify_callback refuses is told access_denied, in ${version}`, async (t) => {
    /** @type {(string | undefined)[]} */
    const refused = [];
    /** @param {NodeJS.ErrnoException} error */
    const listener = ({ code }) => refused.push(code);
    server.server.on("tlsClientError", listener);
    t.after(() => server.server.off("tlsClientError", listener));
    const { lines } = await python(t, `
ctx.maximum_version = ssl.TLSVersion.${maximum}
def refuse(certificate, depth):
    if answer == "raise":
        raise KeyError(depth)
    return answer
ctx.verify_callback = refuse
for answer in (5, -1, "raise"):
    try:
        connect(ctx)
    except Exception as e:
        print(repr(e))
`);
    assert.deepEqual(lines, ["OSError(5, 'MBEDTLS_ERR_UNKNOWN (0x0005)')", "OSError(1,)", "KeyError(1,)"]);
    assert.deepEqual(refused, Array(3).fill("ERR_SSL_TLSV1_ALERT_ACCESS_DENIED"));
  });
}

const noRoots = runnerOnly("only the system's certificates are there");
test("a default context verifies by Mozilla's roots, which do not know the test's server", { skip: noRoots }, async (t) => {
  const { lines } = await python(t, `
ctx = ssl.create_default_context()
print(ctx.verify_mode == ssl.CERT_REQUIRED)
try:
    connect(ctx)
except ValueError as e:
    print(repr(str(e)))
print(connect(ssl.create_default_context(cafile="ca.pem")).version())
`);
  assert.deepEqual(lines, ["True", "'\\nThe certificate is not correctly signed by the trusted CA\\n'", "TLSv1.3"]);
});

test("keyfile is another name for key, and cipher suites may have IANA's underscores", async (t) => {
  const cwd = folder(t, { "server.pem": people.server.pem, "server.key": people.server.keyPem });
  const source = `
import io, ssl
def wrapped(**names):
    try:
        print(ssl.wrap_socket(io.BytesIO(), server_side=True, do_handshake=False, **names))
    except (TypeError, ValueError) as error:
        print(type(error).__name__, error)
wrapped(cert="server.pem", keyfile="server.key")
wrapped(cert="server.pem", key="server.key")
wrapped(cert="server.pem", keyfile=b"nonsense")
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
print(ctx.set_ciphers(["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "TLS1-3-AES-256-GCM-SHA384"]))
`;
  const { stdout, stderr } = await runCode(source, { cwd });
  assert.equal(stderr, "");
  assert.deepEqual(stdout.trimEnd().split("\n"), ["<SSLSocket>", "<SSLSocket>", "ValueError invalid key", "None"]);
});

test("hundreds of contexts share Mozilla's roots", { skip: noProcfs }, async (t) => {
  const cwd = folder(t, { "roots.pem": rootCertificates.join("\n") });
  const child = start(["-c", `
import ssl, sys
def contexts(count):
    return [ssl.create_default_context(cafile="roots.pem") for _ in range(count)]
kept = contexts(100)
print("some")
sys.stdin.readline()
kept += contexts(500)
print("many")
sys.stdin.readline()
`], { cwd });
  t.after(() => child.kill());
  await printed(child, /some/);
  const some = residentMemory(child);
  child.stdin.write("\n");
  await printed(child, /many/);
  const growth = residentMemory(child) - some;
  assert(growth < 30_000_000, `500 contexts took ${growth} bytes`); // each had 184 KB of its own
  child.stdin.end("\n");
});

test("with verify=required a program that asks for nothing verifies, and one that asks is obeyed", async (t) => {
  const cwd = folder(t, { "ca.pem": people.ca.pem, "none.pem": people.selfSigned.pem });
  const source = `
import socket, ssl
def attempt(wrap):
    s = socket.socket()
    s.connect(("127.0.0.1", ${server.port}))
    try:
        print("version", wrap(s).version()[:3])
    except ValueError as e:
        print(str(e).strip())
    s.close()
def context(**authorities):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authorities:
        ctx.load_verify_locations(**authorities)
    return ctx
attempt(lambda s: ssl.wrap_socket(s, server_hostname="localhost"))
attempt(lambda s: context().wrap_socket(s, server_hostname="localhost"))
attempt(lambda s: context().wrap_socket(s))
attempt(lambda s: context(cafile="none.pem").wrap_socket(s, server_hostname="localhost"))
attempt(lambda s: context(cafile="ca.pem").wrap_socket(s, server_hostname="localhost"))
attempt(lambda s: ssl.wrap_socket(s, cert_reqs=ssl.CERT_NONE))
ctx = context()
ctx.verify_mode = ssl.CERT_NONE
attempt(lambda s: ctx.wrap_socket(s))
print(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).verify_mode)
`;
  // Mozilla's roots; the test's own stand for them, as wasmtime has none.
  const switched = runnerOnly("wasmtime has no such option")
    ? { args: [], env: { MICROPYTHON_TLS_VERIFY: "required" } }
    : { args: ["-X", "verify=required"] };
  const env = { ...switched.env, SSL_CERT_FILE: "none.pem" };
  const { code, stdout, stderr } = await run([...switched.args, "-c", source], { cwd, env });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  const untrusted = "The certificate is not correctly signed by the trusted CA";
  const lines = [untrusted, untrusted, "CERT_REQUIRED requires server_hostname", untrusted, "version TLS", "version TLS", "version TLS", "0"];
  assert.deepEqual(stdout.trimEnd().split("\n"), lines);
});

test("a deferred handshake can be done, with a timeout and without, and the name asked for", async (t) => {
  const { lines } = await python(t, `
import select
def deferred():
    s = socket.socket()
    s.connect(("127.0.0.1", ${server.port}))
    return ctx.wrap_socket(s, server_hostname="localhost", do_handshake_on_connect=False)
s = deferred()
print(s.server_hostname, s.cipher()[1], s.do_handshake(), s.version()[:3], s.do_handshake())
s = deferred()
s.setblocking(False)
poller = select.poll()
poller.register(s, select.POLLIN)
while True:
    try:
        s.do_handshake()
        break
    except OSError as e:
        if e.errno != 11:
            raise
        poller.poll()
print(s.version()[:3])
s = deferred()
s.settimeout(5)
print(s.do_handshake(), s.readline() != b"")
try:
    s.server_hostname = "x"
except AttributeError:
    print("read only")
s.close()
try:
    s.do_handshake()
except OSError as e:
    print(e.errno)
`);
  assert.deepEqual(lines, ["localhost None None TLS None", "TLS", "None True", "read only", "-28928"]);
});
