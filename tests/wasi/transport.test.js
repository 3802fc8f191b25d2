/**
 * TLS over a stream of the program's own, whose code uses the SSLSocket in the middle of its
 * operations.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { cast } from "../support/pki.js";
import { folder, run } from "../support/runner.js";
import { tlsServer } from "../support/servers.js";

const { ca, server: certificate } = cast();

/** @param {number} port @param {string} inside @param {string} action */
const PROGRAM = (port, inside, action) => `
import gc, io, select, socket, ssl
client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
client.verify_mode = ssl.CERT_REQUIRED
client.load_verify_locations("ca.pem")
def open_socket():
    sock = socket.socket()
    sock.connect(("127.0.0.1", ${port}))
    return sock
kept = []
others = []
said = []
def inside(place):
    global armed
    if place == armed:
        armed = None
        try:
            result = act()
            said.append(result)
            return result
        except OSError as error:
            said.append(error.errno)
def act():
    return ${action}
def close():
    stream.close()
    # What was freed too early is others' now.
    for number in range(5):
        others.append(client.wrap_socket(open_socket(), server_hostname="localhost"))
    return "closed"
def poll():
    poller = select.poll()
    poller.register(stream, select.POLLIN)
    return poller.poll(0) is not None
class Wrapped(io.IOBase):
    def __init__(self):
        self.sock = open_socket()
    def readinto(self, buf):
        kept.append(buf)
        if inside("readinto") == "closed":
            buf[:] = b"\xff" * len(buf)
            return len(buf)
        return self.sock.readinto(memoryview(buf)[:100])
    def write(self, buf):
        kept.append(buf)
        return len(buf) if inside("write") == "closed" else self.sock.write(buf)
    def ioctl(self, request, arg):
        inside("ioctl")
        return self.sock.ioctl(request, arg)
def verify(cert, depth):
    inside("callback")
    return 0
client.verify_callback = verify
def attempt(operation):
    try:
        said.append(operation())
    except OSError as error:
        said.append(error.errno)
armed = None
stream = client.wrap_socket(Wrapped(), server_hostname="localhost", do_handshake_on_connect=False)
armed = "${inside}"
if armed == "ioctl":
    attempt(poll)
attempt(lambda: stream.write(b"hello") and stream.read(5))
armed = None
attempt(stream.close)
for other in others:
    other.write(b"other")
    assert other.read(5) == b"other"
    other.close()
del kept
gc.collect()
print(said)
`;

const CLOSED = -28928; // MBEDTLS_ERR_SSL_BAD_INPUT_DATA
const ALREADY = 114; // EALREADY

/**
 * What the action says in the middle of an operation, and what the operation says then.
 *
 * @type {Record<string, [action: string, inner: string | number, outer: string | number]>}
 */
const ACTIONS = {
  close: ["close()", "'closed'", CLOSED],
  "a read": ["stream.read(1)", ALREADY, "b'hello'"],
  "a write": ["stream.write(b'x')", ALREADY, "b'hello'"],
  "a poll": ["poll()", "True", "b'hello'"],
  "another connection": ["client.wrap_socket(open_socket(), server_hostname='localhost').write(b'abc')", 3, "b'hello'"],
  "a collection": ["gc.collect() is not None", "True", "b'hello'"],
};

for (const place of ["readinto", "write", "callback"]) {
  for (const [what, [action, inner, outer]] of Object.entries(ACTIONS)) {
    test(`${what} inside ${place} leaves everything intact`, async (t) => {
      assert.equal(await output(t, place, action), `[${inner}, ${outer}, None]\n`);
    });
  }
}

test("close inside ioctl leaves everything intact", async (t) => {
  assert.equal(await output(t, "ioctl", ACTIONS.close[0]), `['closed', True, ${CLOSED}, None]\n`);
});

test("a read inside ioctl is a read", async (t) => {
  assert.equal(await output(t, "ioctl", "stream.write(b'first')"), "[5, True, b'first', None]\n");
});

/** @param {import("node:test").TestContext} t @param {string} place @param {string} action */
async function output(t, place, action) {
  const peer = await tlsServer(certificate, (socket) => socket.on("error", () => {}).pipe(socket));
  t.after(peer.stop);
  const { code, stdout, stderr } = await run(["-c", PROGRAM(peer.port, place, action)], { cwd: folder(t, { "ca.pem": ca.pem }) });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return stdout;
}
