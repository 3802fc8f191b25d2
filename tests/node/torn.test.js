/**
 * A handshake that the network cuts after each byte of the server's, by FIN and by RST:
 * tests/torn.rs has the engine's side of it.
 */

import assert from "node:assert/strict";
import { constants } from "node:crypto";
import { connect } from "node:net";
import { test } from "node:test";
import { cast } from "../support/pki.js";
import { folder, run } from "../support/runner.js";
import { tlsServer } from "../support/servers.js";
import { tcpServer } from "../support/tcp_servers.js";

// Signatures by RSA have one length, so that each handshake has as many bytes as the first.
const { ca, server: certificate } = cast("rsa2048");
/**
 * Bytes at the beginning and the end that are all places for a cut; between them are keys and
 * signatures.
 */
const [EDGE, STEP] = [40, 25];
const [CONN_EOF, EPIPE, ECONNRESET] = [-29312, 32, 104];
const MOST_GROWTH = 16 * 1024; // bytes of the heap

const program = (honest, torn, count) => `
import gc, socket, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cafile="ca.pem")
context.set_session_resumption(False)
def connect(port):
    sock = socket.socket()
    sock.settimeout(20)
    sock.connect(("127.0.0.1", port))
    try:
        stream = context.wrap_socket(sock, server_hostname="localhost")
    except:
        sock.close()
        raise
    stream.write(b"x")
    return stream
def echo(stream):
    stream.write(b"still here")
    assert stream.read(10) == b"still here"
bystander = connect(${honest})
assert bystander.read(1) == b"x"
for number in range(${count}):
    try:
        connect(${torn}).close()
        print("complete")
    except OSError as error:
        print(error.errno)
    if number == 10:
        gc.collect()
        before = gc.mem_alloc()
echo(bystander)
gc.collect()
print(gc.mem_alloc() - before)
`;

for (const version of ["TLSv1.2", "TLSv1.3"]) {
  test(`a client of ${version} whose server is cut off raises, and goes on with others`, async (t) => {
    let handshake = 0;
    const tls = { minVersion: version, maxVersion: version, secureOptions: constants.SSL_OP_NO_TICKET };
    const honest = await tlsServer(certificate, (socket) => socket.pipe(socket), tls);
    t.after(honest.stop);
    const whole = await proxy(t, honest.port, () => {}, (sent) => (handshake ||= sent));
    const cwd = folder(t, { "ca.pem": ca.pem });
    const measured = await run(["-c", program(honest.port, whole.port, 11)], { cwd });
    assert.equal(measured.stderr, "");
    const places = Array.from({ length: handshake }, (_, at) => at).filter((at) => at < EDGE || handshake - at < EDGE || at % STEP === 0);
    const cuts = places.flatMap((at) => ["FIN", "RST"].map((how) => ({ at, how })));
    const pending = cuts.values();
    const torn = await proxy(t, honest.port, () => pending.next().value);
    const { code, stdout, stderr } = await run(["-c", program(honest.port, torn.port, cuts.length)], { cwd, limit: 240_000 });
    assert.equal(stderr, "");
    assert.equal(code, 0);
    const lines = stdout.trim().split("\n").map(Number);
    assert.ok(lines.pop() < MOST_GROWTH, stdout);
    assert.equal(lines.length, cuts.length);
    lines.forEach((error, i) => {
      const { at, how } = cuts[i];
      // A reset that comes together with bytes is an end of file to libuv.
      const expected = how === "FIN" ? [CONN_EOF] : [ECONNRESET, EPIPE, CONN_EOF];
      assert.ok(expected.includes(error), `${how} after ${at} of ${handshake} bytes: ${error}`);
    });
  });
}

/**
 * Stands before a server. Each connection is cut as `next` says, and `answered` is told how much
 * the server had sent when the client answered it: all of its part of the handshake, or the first
 * flight of it.
 */
function proxy(t, port, next, answered = () => {}) {
  const serving = tcpServer((client) => {
    const cut = next();
    const server = connect(port, "127.0.0.1");
    let sent = 0;
    server.on("error", () => {});
    client.on("close", () => server.destroy());
    client.on("data", (bytes) => {
      if (sent > 0) answered(sent);
      server.write(bytes);
    });
    const end = () => {
      server.destroy();
      if (cut.how === "FIN") client.end();
      else client.resetAndDestroy();
    };
    if (cut?.at === 0) client.once("data", end);
    server.on("data", (bytes) => {
      const part = cut ? bytes.subarray(0, Math.max(0, cut.at - sent)) : bytes;
      sent += part.length;
      if (part.length) client.write(part, () => cut && sent === cut.at && end());
    });
  });
  serving.then(({ close }) => t.after(close));
  return serving;
}
