/**
 * Cipher suites as programs see them: those that there are, and the legacy ones, which have to be
 * named.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { cast } from "../support/pki.js";
import { folder, run, runCode } from "../support/runner.js";
import { opensslServer } from "../support/servers.js";

const { ca, server: certificate } = cast();
const LEGACY = "TLS-ECDHE-ECDSA-WITH-AES-128-CBC-SHA256";

/**
 * Connects to a port and prints the suite, or why there is none.
 *
 * @param {number} port
 * @param {string[]} names
 */
const client = (port, names) => `
import socket, tls
ctx = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
with open("ca.pem", "rb") as f:
    ctx.load_verify_locations(f.read())
names = ${JSON.stringify(names)}
if names:
    ctx.set_ciphers(names)
s = socket.socket()
s.connect(socket.getaddrinfo("127.0.0.1", ${port})[0][-1])
try:
    print(*ctx.wrap_socket(s, server_hostname="localhost").cipher())
except OSError as e:
    print(e)
`;

/**
 * MicroPython's own test of it expects suites that cannot be negotiated here: static RSA, and CBC
 * with SHA-384.
 */
test("get_ciphers lists the legacy suites last and in MicroPython's order, and set_ciphers refuses what it does", async () => {
  const { stdout, stderr } = await runCode(`
import tls
ctx = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
ciphers = [name for name in ctx.get_ciphers() if "PSK" not in name]
print("\\n".join(ciphers[-6:]))
print(any("CBC" in name for name in ciphers[:-6]))
ctx.set_ciphers(ciphers[:1])
for wrong in (ciphers[0], ["BAR"], []):
    try:
        ctx.set_ciphers(wrong)
    except (TypeError, OSError) as e:
        print(e)
`);
  assert.equal(stderr, "");
  assert.deepEqual(stdout.trimEnd().split("\n"), [
    "TLS-ECDHE-ECDSA-WITH-AES-256-CBC-SHA",
    "TLS-ECDHE-RSA-WITH-AES-256-CBC-SHA",
    "TLS-ECDHE-ECDSA-WITH-AES-128-CBC-SHA256",
    "TLS-ECDHE-RSA-WITH-AES-128-CBC-SHA256",
    "TLS-ECDHE-ECDSA-WITH-AES-128-CBC-SHA",
    "TLS-ECDHE-RSA-WITH-AES-128-CBC-SHA",
    "False",
    "object 'str' isn't a tuple or list",
    "(-24192, 'MBEDTLS_ERR_SSL_BAD_CONFIG')",
    "(-24192, 'MBEDTLS_ERR_SSL_BAD_CONFIG')",
  ]);
});

test("a server with legacy suites only is for programs that name one, or have one named for them", async (t) => {
  const server = await opensslServer(certificate, ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"]);
  t.after(server.stop);
  const cwd = folder(t, { "ca.pem": ca.pem });
  const refused = "(-30592, 'MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE')\n";
  assert.equal((await runCode(client(server.port, []), { cwd })).stdout, refused);
  assert.equal((await runCode(client(server.port, [LEGACY]), { cwd })).stdout, `${LEGACY} TLSv1.2\n`);
  const named = await run(["-X", `ciphers=${LEGACY}`, "-c", client(server.port, [])], { cwd });
  assert.equal(named.stdout, `${LEGACY} TLSv1.2\n`);
  const other = await run(["-X", `ciphers=${LEGACY}`, "-c", client(server.port, ["TLS1-3-AES-128-GCM-SHA256"])], { cwd });
  assert.notEqual(other.stdout, `${LEGACY} TLSv1.2\n`, "what the program says goes before");
});

test("-X ciphers with a name that is none is refused", async () => {
  const { code, stderr } = await run(["-X", "ciphers=TLS-FOO", "-c", "import tls; tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)"]);
  assert.match(stderr, /\nValueError: .*there is no such cipher suite among TLS-FOO\n$/);
  assert.equal(code, 1);
});
