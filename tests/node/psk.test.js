/**
 * Pre-shared keys in programs, as MicroPython 1.29 has them: with each other, and with OpenSSL,
 * mosquitto and libcoap.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { cast } from "../support/pki.js";
import { missing, start as startProgram } from "../support/programs.js";
import { folder, freePort, printed, run, runCode, servesOthers, start } from "../support/runner.js";

/** @import { TestContext } from "node:test" */

const IDENTITY = "device-7";
const KEY = "0123456789abcdef";
const KEY_HEX = Buffer.from(KEY).toString("hex");
/** @param {string} name */
const example = (name) => new URL(`../../examples/${name}`, import.meta.url).pathname;

/**
 * Serves one client with these server_psk_keys, an expression, and prints what it read or how that
 * failed.
 *
 * @param {number} port
 * @param {string} keys
 */
const server = (port, keys) => `
import socket, tls
class Keys:
    def __init__(self, get):
        self.get = get
def fail(identity):
    raise KeyError(identity)
c = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
c.server_psk_keys = ${keys}
listener = socket.socket()
listener.bind(socket.getaddrinfo("127.0.0.1", ${port})[0][-1])
listener.listen(1)
print("listening")
s, _ = listener.accept()
try:
    t = c.wrap_socket(s, server_side=True)
    print(t.read(4), *t.cipher())
    t.write(b"pong")
    t.close()
except OSError as e:
    print(e)
`;

/** @param {number} port @param {string} settings */
const client = (port, settings) => `
import socket, ssl, tls
c = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
c.verify_mode = tls.CERT_NONE
${settings}
s = socket.socket()
s.connect(socket.getaddrinfo("127.0.0.1", ${port})[0][-1])
try:
    t = c.wrap_socket(s)
    t.write(b"ping")
    print(t.read(4), *t.cipher())
except OSError as e:
    print(e)
`;

const SETTINGS = `c.psk_identity = "${IDENTITY}"\nc.psk_key = bytearray(b"${KEY}")`;

/**
 * What both programs print.
 *
 * @param {TestContext} t
 * @param {string} keys
 * @param {string} settings
 */
async function talk(t, keys, settings) {
  const port = await freePort();
  const serving = start(["-c", server(port, keys)]);
  t.after(() => serving.kill());
  await printed(serving, /listening/);
  const { stdout, stderr } = await runCode(client(port, settings));
  assert.equal(stderr, "");
  const ended = await serving.finished;
  assert.equal(ended.stderr, "");
  return { client: stdout, server: ended.stdout.replace("listening\n", "") };
}

test("the settings are None at first, can be read, and are checked when both are there", async () => {
  const { stdout, stderr } = await runCode(`
import ssl, tls
for module in (tls, ssl):
    c = module.SSLContext(module.PROTOCOL_TLS_CLIENT)
    print(c.psk_identity, c.psk_key, c.server_psk_keys)
    keys = {b"me": b"key"}
    c.psk_identity, c.psk_key, c.server_psk_keys = "me", b"k" * 48, keys
    print(c.psk_identity, len(c.psk_key), c.server_psk_keys is keys)
    for name, value in (("psk_key", b"k" * 49), ("psk_key", b""), ("psk_identity", b"i" * 4097), ("psk_key", 5), ("psk_identity", 5)):
        try:
            setattr(c, name, value)
        except (OSError, TypeError) as e:
            print(type(e).__name__, e.args[0] if isinstance(e, OSError) else "", len(c.psk_identity), len(c.psk_key))
    other = module.SSLContext(module.PROTOCOL_TLS_CLIENT)
    other.psk_key = b"k" * 49
    try:
        other.psk_identity = "me"
    except OSError as e:
        print(e)
`);
  assert.equal(stderr, "");
  const lines = [
    "None None None",
    "me 48 True",
    ...Array(3).fill("OSError -28928 2 48"),
    ...Array(2).fill("TypeError  2 48"),
    "(-28928, 'MBEDTLS_ERR_SSL_BAD_INPUT_DATA')",
  ];
  assert.deepEqual(stdout.trimEnd().split("\n"), [...lines, ...lines]);
});

for (const [what, keys] of [
  ["a dict", `{b"${IDENTITY}": b"${KEY}"}`],
  ["anything with get()", `Keys(lambda identity: memoryview(b"${KEY}") if identity == b"${IDENTITY}" else None)`],
]) {
  test(`a server that knows keys by ${what}, and its client`, async (t) => {
    const suite = "TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256 TLSv1.2";
    assert.deepEqual(await talk(t, keys, SETTINGS), { client: `b'pong' ${suite}\n`, server: `b'ping' ${suite}\n` });
  });
}

for (const [what, keys] of [
  ["no key", "{}"],
  ["an exception", "Keys(fail)"],
  ["a number", "Keys(lambda identity: 5)"],
  ["a key that is too long", "Keys(lambda identity: b'k' * 49)"],
  ["nothing to ask", "None"],
]) {
  test(`a server with ${what} for an identity refuses it, and raises nothing else`, async (t) => {
    assert.deepEqual(await talk(t, keys, SETTINGS), {
      client: "(-30592, 'MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE')\n",
      server: "(-27776, 'MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY')\n",
    });
  });
}

test("another key ends the handshake on both sides", async (t) => {
  assert.deepEqual(await talk(t, `{b"${IDENTITY}": b"another"}`, SETTINGS), {
    client: "(-30592, 'MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE')\n",
    server: "(-29056, 'MBEDTLS_ERR_SSL_INVALID_MAC')\n",
  });
});

test("a client without a key finds nothing in common with a server that wants one", async (t) => {
  assert.deepEqual(await talk(t, `{b"${IDENTITY}": b"${KEY}"}`, ""), {
    client: "(-30592, 'MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE')\n",
    server: "(-28160, 'MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE')\n",
  });
});

test("an identity may be any bytes", async (t) => {
  const identity = String.raw`b"\xff\x00\xfe me"`;
  const { client, server } = await talk(t, `{${identity}: b"${KEY}"}`, `c.psk_identity = ${identity}\nc.psk_key = b"${KEY}"`);
  assert.match(client, /^b'pong' TLS-/);
  assert.match(server, /^b'ping' TLS-/);
});

const { server: certificate } = cast();
const CERTIFICATE = `c.load_cert_chain(${JSON.stringify(certificate.chainPem)}, ${JSON.stringify(certificate.keyPem)})`;

for (const [what, keys, settings] of [
  ["a server with a key and a certificate does not serve a client that has no key", `{b"${IDENTITY}": b"${KEY}"}; ${CERTIFICATE}`, ""],
  ["a client with a key does not take a server's certificate instead", `None; c = tls.SSLContext(tls.PROTOCOL_TLS_SERVER); ${CERTIFICATE}`, SETTINGS],
]) {
  test(what, async (t) => {
    assert.deepEqual(await talk(t, keys, settings), {
      client: "(-30592, 'MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE')\n",
      server: "(-28160, 'MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE')\n",
    });
  });
}

test("mosquitto knows a client by its key", { skip: missing("mosquitto") }, async (t) => {
  const port = await freePort();
  const cwd = folder(t, {
    "keys.psk": `${IDENTITY}:${KEY_HEX}\n`,
    "broker.conf": [
      `listener ${port} 127.0.0.1`,
      "psk_hint kitchen",
      "psk_file keys.psk",
      "use_identity_as_username true",
      "allow_anonymous false",
      ...(process.getuid?.() === 0 ? ["user root"] : []),
      "",
    ].join("\n"),
  });
  const broker = await startProgram("mosquitto", ["-c", join(cwd, "broker.conf"), "-v"], { cwd, port });
  t.after(broker.stop);
  const connect = 'b"\\x10\\x0e\\x00\\x04MQTT\\x04\\x02\\x00\\x3c\\x00\\x02us"';
  const { stdout, stderr } = await runCode(client(port, SETTINGS).replace('b"ping"', connect));
  assert.equal(stderr, "");
  assert.match(stdout, /^b' \\x02\\x00\\x00' TLS-/, "CONNACK, accepted");
  await broker.printed(new RegExp(`as us .*u'${IDENTITY}'`));
});

test("GnuTLS as the other end, in both roles", { skip: servesOthers || missing("gnutls-serv", "gnutls-cli") }, async (t) => {
  const priority = ["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+PSK:+ECDHE-PSK"];
  const port = await freePort();
  const cwd = folder(t, { "keys.psk": `${IDENTITY}:${KEY_HEX}\n` });
  const echo = await startProgram("gnutls-serv", ["--echo", `--port=${port}`, "--pskpasswd=keys.psk", ...priority], { cwd, port });
  t.after(echo.stop);
  const { stdout } = await runCode(client(port, SETTINGS).replace('b"ping"', 'b"one\\n"'));
  assert.equal(stdout, "b'one\\n' TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256 TLSv1.2\n");

  const ours = await freePort();
  const serving = start(["-c", server(ours, `{b"${IDENTITY}": b"${KEY}"}`)]);
  t.after(() => serving.kill());
  await printed(serving, /listening/);
  const identity = [`--pskusername=${IDENTITY}`, `--pskkey=${KEY_HEX}`];
  // gnutls-cli 3.7 crashes after a handshake with ECDHE-PSK, also with gnutls-serv.
  const asking = await startProgram("gnutls-cli", [`--port=${ours}`, ...identity, "--priority", priority[1].replace(":+ECDHE-PSK", ""), "127.0.0.1"]);
  t.after(asking.stop);
  asking.child.stdin.write("two\n");
  await asking.printed(/pong/);
  assert.match((await serving.finished).stdout, /^b'two\\n' TLS-PSK-WITH-AES-256-GCM-SHA384 TLSv1\.2$/m);
});

for (const library of ["openssl", "gnutls"]) {
  const name = `coap-server-${library}`;
  test(`coap_get.py asks libcoap's server, with ${library}`, { skip: missing(name) }, async (t) => {
    const port = await freePort("127.0.0.1", "udp");
    // It speaks DTLS on the port after the one that it is given.
    const coap = await startProgram(name, ["-A", "127.0.0.1", "-p", String(port - 1), "-k", KEY, "-h", "hint", "-v", "7"], { ready: /created DTLS endpoint/ });
    t.after(coap.stop);
    const { stdout, stderr } = await run([example("coap_get.py"), "127.0.0.1", String(port), IDENTITY, KEY, "/", "nothing"]);
    assert.equal(stderr, "");
    assert.match(stdout, /^connected by TLS-[A-Z0-9-]*PSK-WITH-[A-Z0-9-]+ DTLSv1\.2$/m);
    assert.match(stdout, /^\/ 2\.05 This is a test server made with libcoap/m);
    assert.match(stdout, /^nothing 4\.04/m);
  });
}

test("libcoap's client asks a program", { skip: servesOthers || missing("coap-client-openssl") }, async (t) => {
  const port = await freePort("127.0.0.1", "udp");
  const serving = start(["-c", `
import socket, tls
c = tls.SSLContext(tls.PROTOCOL_DTLS_SERVER)
c.server_psk_keys = {b"${IDENTITY}": b"${KEY}"}
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(socket.getaddrinfo("127.0.0.1", ${port})[0][-1])
print("listening")
_, address = s.recvfrom(1, socket.MSG_PEEK)
s.connect(address)
try:
    c.wrap_socket(s, server_side=True, client_id=b"somebody")
except OSError as e:
    print(e)
t = c.wrap_socket(s, server_side=True, client_id=b"somebody")
print(*t.cipher())
asked = t.recv(1000)
length = asked[0] & 15
print(asked[4 + length + 1:])
t.send(bytes([0x60 | length, 0x45]) + asked[2:4 + length] + b"\\xff21 degrees")
t.recv(1000)
`]);
  t.after(() => serving.kill());
  await printed(serving, /listening/);
  const asking = await startProgram("coap-client-openssl", ["-u", IDENTITY, "-k", KEY, "-B", "10", `coaps://127.0.0.1:${port}/heat`]);
  t.after(asking.stop);
  await asking.printed(/21 degrees/);
  serving.kill();
  const { stdout } = await serving.finished;
  assert.match(stdout, /HELLO_VERIFY_REQUIRED.*\nTLS-[A-Z0-9-]*PSK-WITH-[A-Z0-9-]+ DTLSv1\.2\nb'.*heat'\n/);
});
