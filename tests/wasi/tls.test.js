/** TLS of MicroPython for WASI with real peers, for long, and while memory is short. */

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { cast } from "../support/pki.js";
import { freePort, missing, start as startProgram } from "../support/programs.js";
import { folder, INTERPRETER, listen, noProcfs, printed, residentMemory, run, start } from "../support/runner.js";
import { opensslServer, tlsServer } from "../support/servers.js";

/** @import { TestContext } from "node:test" */

const { ca, server: certificate, client: clientCertificate } = cast();
const files = {
  "ca.pem": ca.pem,
  "chain.pem": certificate.chainPem,
  "key.pem": certificate.keyPem,
  "client.pem": clientCertificate.chainPem,
  "client.key": clientCertificate.keyPem,
};
const MB = 1024 * 1024;

const SETTINGS = `
import gc, select, socket, ssl, sys
client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
client.verify_mode = ssl.CERT_REQUIRED
client.load_verify_locations("ca.pem")
client.load_cert_chain("client.pem", "client.key")
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain("chain.pem", "key.pem")
def connect(port):
    sock = socket.socket()
    sock.connect(("127.0.0.1", port))
    return client.wrap_socket(sock, server_hostname="localhost")
def listen(port=0):
    listener = socket.socket()
    listener.bind(("127.0.0.1", port))
    listener.listen(5)
    print("listening")
    return listener
`;

/**
 * Runs a program after SETTINGS in a folder with the files above; what it printed.
 *
 * @param {TestContext} t
 * @param {string} source
 * @param {Parameters<typeof run>[1]} [options]
 */
async function output(t, source, options) {
  const { code, stdout, stderr } = await run(["-c", SETTINGS + source], { cwd: folder(t, files), limit: 120_000, ...options });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return stdout;
}

/** Starts a program that listens; the child. @param {TestContext} t @param {string} source */
async function serving(t, source) {
  const child = start(["-c", SETTINGS + source], { cwd: folder(t, files) });
  t.after(() => child.kill("SIGKILL"));
  await printed(child, /listening/);
  return child;
}

for (const version of ["-tls1_2", "-tls1_3"]) {
  test(`openssl s_server ${version} is talked to, with certificates of both sides`, { skip: missing("openssl") }, async (t) => {
    const peer = await opensslServer(certificate, [version, "-Verify", "1"]);
    t.after(peer.stop);
    const cwd = folder(t, files);
    const program = start(["-c", `${SETTINGS}
stream = connect(${peer.port})
print(stream.version(), stream.getpeercert(True) is not None)
stream.write("from us\\n")
print(stream.readline())
stream.close()
`], { cwd });
    await peer.printed(/from us/);
    peer.child.stdin.write("from them\n");
    const { stdout, stderr } = await program.finished;
    assert.equal(stderr, "");
    assert.match(stdout, /^TLSv1\.[23] True\nb'from them\\n'\n$/);
  });

  test(`openssl s_client ${version} is answered, with certificates of both sides`, { skip: missing("openssl") }, async (t) => {
    const port = await freePort();
    await serving(t, `
server.verify_mode = ssl.CERT_REQUIRED
server.load_verify_locations("ca.pem")
listener = listen(${port})
stream = server.wrap_socket(listener.accept()[0], server_side=True)
stream.write(stream.readline().upper())
stream.close()
`);
    const cwd = folder(t, files);
    const args = ["s_client", version, "-connect", `127.0.0.1:${port}`, "-CAfile", "ca.pem", "-verify_return_error", "-verify_hostname", "localhost"];
    const peer = await startProgram("openssl", [...args, "-cert", "client.pem", "-key", "client.key", "-quiet"], { cwd });
    t.after(peer.stop);
    peer.child.stdin.write("hello\n");
    await peer.printed(/HELLO/);
  });
}

test("curl fetches from an https server", { skip: missing("curl") }, async (t) => {
  const port = await freePort();
  await serving(t, `
listener = listen(${port})
stream = server.wrap_socket(listener.accept()[0], server_side=True)
while stream.readline() != b"\\r\\n":
    pass
stream.write("HTTP/1.0 200 OK\\r\\nContent-Length: 300000\\r\\n\\r\\n")
stream.write("x" * 300000)
stream.close()
`);
  const cwd = folder(t, files);
  const curl = await startProgram("curl", ["-sS", "--cacert", "ca.pem", `https://localhost:${port}/`, "-o", "page", "-w", "%{http_code} %{size_download}"], { cwd });
  assert.equal((await curl.ended()).code, 0, curl.output());
  assert.equal(curl.output(), "200 300000");
});

const PYTHON_PEER = `
import socket, ssl, sys
port = int(sys.argv[2])
if sys.argv[1] == "server":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("chain.pem", "key.pem")
    with socket.create_server(("127.0.0.1", port)) as listener:
        print("listening", flush=True)
        with context.wrap_socket(listener.accept()[0], server_side=True) as stream:
            stream.sendall(stream.recv(100).upper())
else:
    context = ssl.create_default_context(cafile="ca.pem")
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost") as stream:
        stream.sendall(b"hello")
        print(stream.recv(100))
`;

test("Python's ssl is talked to", { skip: missing("python3") }, async (t) => {
  const port = await freePort();
  const cwd = folder(t, files);
  const peer = await startProgram("python3", ["-c", PYTHON_PEER, "server", String(port)], { cwd, ready: /listening/ });
  t.after(peer.stop);
  assert.equal(await output(t, `stream = connect(${port})\nstream.write(b"hello")\nprint(stream.read())`), "b'HELLO'\n");
});

test("Python's ssl is answered", { skip: missing("python3") }, async (t) => {
  const port = await freePort();
  await serving(t, `
listener = listen(${port})
stream = server.wrap_socket(listener.accept()[0], server_side=True)
stream.write(stream.recv(100).upper())
stream.close()
`);
  const peer = await startProgram("python3", ["-c", PYTHON_PEER, "client", String(port)], { cwd: folder(t, files) });
  assert.equal((await peer.ended()).code, 0, peer.output());
  assert.match(peer.output(), /b'HELLO'/);
});

test("two hundred connections one after the other do not take more and more memory", { skip: noProcfs }, async (t) => {
  const peer = await tlsServer(certificate, (socket) => socket.on("error", () => {}).end("hello"));
  t.after(peer.stop);
  const child = start(["-c", `${SETTINGS}
for turn in range(4):
    for number in range(50):
        stream = connect(${peer.port})
        assert stream.read() == b"hello"
        stream.close()
    gc.collect()
    print("turn", turn, gc.mem_alloc())
    sys.stdin.readline()
`], { cwd: folder(t, files) });
  t.after(() => child.kill("SIGKILL"));
  const resident = [];
  const allocated = [];
  for (let turn = 0; turn < 4; turn++) {
    allocated.push(Number((await printed(child, new RegExp(`turn ${turn} (\\d+)`)))[1]));
    resident.push(residentMemory(child));
    child.stdin.write("\n");
  }
  assert.equal((await child.finished).code, 0);
  assert.ok(allocated[3] <= allocated[1], `${allocated}`);
  assert.ok(resident[3] < resident[1] + 2 * MB, `${resident}`);
});

test("fifty connections at once, with asyncio at both ends, and nothing of them stays", async (t) => {
  const port = await freePort();
  const stdout = await output(t, `
import asyncio
answered = 0
async def answer(reader, writer):
    global answered
    writer.write(await reader.readexactly(1000))
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    answered += 1
async def ask(number):
    reader, writer = await asyncio.open_connection("127.0.0.1", ${port}, ssl=client, server_hostname="localhost")
    data = bytes([number]) * 1000
    writer.write(data)
    await writer.drain()
    assert await reader.readexactly(1000) == data
    writer.close()
    await writer.wait_closed()
async def main():
    listening = await asyncio.start_server(answer, "127.0.0.1", ${port}, backlog=50, ssl=server)
    for turn in range(8):
        await asyncio.gather(*[ask(number) for number in range(50)])
        while answered < (turn + 1) * 50:
            await asyncio.sleep_ms(1)
        await asyncio.sleep_ms(0) # the last task ends
        gc.collect()
        print(gc.mem_alloc())
    listening.close()
asyncio.run(main())
`);
  const allocated = stdout.trim().split("\n").map(Number);
  // A hundred sockets that stay would be more.
  assert.ok(Math.min(...allocated.slice(4)) < Math.min(...allocated.slice(0, 4)) + 20_000, stdout);
});

test("megabytes go both ways while the collector runs at every allocation", async (t) => {
  const peer = await tlsServer(certificate, (socket) => socket.on("error", () => {}).pipe(socket));
  t.after(peer.stop);
  const stdout = await output(t, `
gc.threshold(1)
stream = connect(${peer.port})
block = bytes(range(256)) * 64
buffer = bytearray(len(block))
for turn in range(128):
    assert stream.write(block) == len(block)
    assert stream.readinto(buffer) == len(block)
    assert buffer == block
    if turn % 32 == 0:
        assert stream.write(b"line\\n") == 5 and stream.readline() == b"line\\n"
        other = connect(${peer.port})
        other.write(b"x" * 1000)
        assert other.read(1000) == b"x" * 1000
        other.close()
print("done")
`);
  assert.equal(stdout, "done\n");
});

test("a handshake under a locked heap fails by number", async (t) => {
  const port = await listen(t, net.createServer((socket) => socket.on("error", () => {}).end("220 no TLS here\r\n")));
  const stdout = await output(t, `
from micropython import heap_lock, heap_unlock
sock = socket.socket()
sock.connect(("127.0.0.1", ${port}))
sock.setblocking(False)
stream = ssl.wrap_socket(sock, do_handshake=False)
heap_lock()
try:
    while not stream.write("foo"):
        pass
    heap_unlock()
except OSError as error:
    heap_unlock()
    print(error)
`);
  assert.equal(stdout, "-29184\n");
});

test("a handshake, data and the end under a locked heap", async (t) => {
  const peer = await tlsServer(certificate, (socket) => socket.on("error", () => {}).pipe(socket));
  t.after(peer.stop);
  const stdout = await output(t, `
from micropython import heap_lock, heap_unlock
sock = socket.socket()
sock.connect(("127.0.0.1", ${peer.port}))
stream = client.wrap_socket(sock, server_hostname="localhost", do_handshake_on_connect=False)
def exchange(buffer):
    heap_lock()
    sent = stream.write(b"hello")
    count = stream.readinto(buffer)
    stream.close()
    heap_unlock()
    print(sent, count, buffer)
exchange(bytearray(5))
`);
  assert.equal(stdout, "5 5 bytearray(b'hello')\n");
});

test("a verify_callback sees the chain and may refuse it or fail", async (t) => {
  const peer = await tlsServer(certificate, (socket) => socket.on("error", () => {}).end("hello"));
  t.after(peer.stop);
  const stdout = await output(t, `
seen = []
def accept(cert, depth):
    seen.append((depth, len(bytes(cert)) > 100))
    return 0
def attempt(callback):
    client.verify_callback = callback
    try:
        return connect(${peer.port}).read()
    except Exception as error:
        return repr(error)
print(attempt(accept), seen)
print(attempt(lambda cert, depth: 1))
print(attempt(lambda cert, depth: 1 // 0))
print(attempt(lambda cert, depth: None))
print(attempt(None))
`);
  assert.equal(stdout, `b'hello' [(1, True), (0, True)]
OSError(1, 'MBEDTLS_ERR_ERROR_GENERIC_ERROR')
ZeroDivisionError('divide by zero',)
TypeError("can't convert NoneType to int",)
b'hello'
`);
});

test("TLS goes over a program's own stream, whose exceptions pass through", async (t) => {
  const peer = await tlsServer(certificate, (socket) => socket.on("error", () => {}).end("hello"));
  t.after(peer.stop);
  const stdout = await output(t, `
import io
class Wrapped(io.IOBase):
    def __init__(self, sock):
        self.sock = sock
        self.fail = False
    def readinto(self, buf):
        if self.fail:
            raise KeyError("own")
        return self.sock.readinto(memoryview(buf)[:100])
    def write(self, buf):
        return self.sock.write(buf)
    def ioctl(self, request, arg):
        return self.sock.ioctl(request, arg)
def wrapped():
    sock = socket.socket()
    sock.connect(("127.0.0.1", ${peer.port}))
    return Wrapped(sock)
stream = client.wrap_socket(wrapped(), server_hostname="localhost")
print(stream.read(), repr(stream))
stream.close()
failing = wrapped()
failing.fail = True
try:
    client.wrap_socket(failing, server_hostname="localhost")
except KeyError as error:
    print(repr(error))
`);
  assert.equal(stdout, "b'hello' <SSLSocket>\nKeyError('own',)\n");
});

test("streams and contexts that nobody closes are closed by the collector", async (t) => {
  /** @type {Promise<unknown>[]} */
  const closed = [];
  const peer = await tlsServer(certificate, (socket) => closed.push(once(socket, "close")) && socket.on("error", () => {}).resume());
  t.after(peer.stop);
  const stdout = await output(t, `
def leave():
    for number in range(20):
        connect(${peer.port}).write(b"x")
leave()
gc.collect()
gc.collect()
print("collected")
sys.stdin.readline()
`, { input: "" });
  assert.equal(stdout, "collected\n");
  await Promise.all(closed);
  assert.equal(closed.length, 20);
});

test("what has to be answered is answered while an asyncio program waits, also if it came with what the program read", { skip: missing("openssl") }, async (t) => {
  const peer = await opensslServer(certificate, ["-tls1_2", "-msg"]);
  t.after(peer.stop);
  // From when the client has spoken, the two records that the server sends arrive together.
  /** @type {Buffer | undefined} */
  let held;
  const path = net.createServer((socket) => {
    const rest = net.connect(peer.port, "127.0.0.1").on("error", () => {});
    socket.on("error", () => {}).pipe(rest);
    rest.on("data", (bytes) => {
      if (held) held = Buffer.concat([held, bytes]);
      if (!held || records(held) === 2) socket.write(held ?? bytes);
    });
  });
  const port = await listen(t, path);
  const child = start(["-c", `${SETTINGS}
import asyncio
async def main():
    reader, writer = await asyncio.open_connection("127.0.0.1", ${port}, ssl=client, server_hostname="localhost")
    writer.write(b"from us\\n")
    await writer.drain()
    print(await reader.readline())
    await reader.readline()
asyncio.run(main())
`], { cwd: folder(t, files) });
  t.after(() => child.kill("SIGKILL"));
  await peer.printed(/from us/);
  held = Buffer.alloc(0);
  peer.child.stdin.write("from them\n");
  await until(() => held !== undefined && records(held) === 1);
  peer.child.stdin.write("r\n"); // asks to shake hands again
  await printed(child, /from them/);
  await peer.printed(/<<< TLS 1\.2, Alert \[length 0002\], warning no_renegotiation/);
});

/** How many whole records of TLS there are. @param {Buffer} bytes */
function records(bytes) {
  let count = 0;
  for (let at = 0; at + 5 <= bytes.length && at + 5 + bytes.readUInt16BE(at + 3) <= bytes.length; count++) at += 5 + bytes.readUInt16BE(at + 3);
  return count;
}

/** @param {() => boolean} condition */
async function until(condition) {
  while (!condition()) await setTimeout(10);
}

test("a read's timeout is over in time, whatever comes meanwhile that is not for the program", { skip: missing("openssl") }, async (t) => {
  const peer = await opensslServer(certificate, ["-tls1_3"]);
  t.after(peer.stop);
  const child = start(["-c", `${SETTINGS}
import time
sock = socket.socket()
sock.connect(("127.0.0.1", ${peer.port}))
sock.settimeout(1)
stream = client.wrap_socket(sock, server_hostname="localhost")
stream.write(b"from us\\n")
begin = time.ticks_ms()
try:
    stream.read(1)
except OSError as error:
    print(error.errno, time.ticks_diff(time.ticks_ms(), begin) < 10_000)
`], { cwd: folder(t, files) });
  t.after(() => child.kill("SIGKILL"));
  await peer.printed(/from us/);
  const updates = setInterval(() => peer.child.stdin.write("k\n"), 200);
  const { stdout } = await child.finished;
  clearInterval(updates);
  assert.equal(stdout, "110 True\n");
});

test("a read to the end takes time in proportion", async (t) => {
  const length = 2_000_000;
  const answer = (/** @type {net.Socket} */ socket) => socket.on("error", () => {}).once("data", () => socket.end(Buffer.alloc(length, "x")));
  const peer = await tlsServer(certificate, answer);
  t.after(peer.stop);
  const plain = await listen(t, net.createServer(answer));
  const stdout = await output(t, `
import asyncio, time
async def read(port, context):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    writer.write(b"go")
    await writer.drain()
    data = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    return data
def ask():
    stream = connect(${peer.port})
    stream.write(b"go")
    return stream
def ask_plainly():
    sock = socket.socket()
    sock.connect(("127.0.0.1", ${plain}))
    sock.write(b"go")
    return sock
def measure(action):
    gc.collect()
    begin = time.ticks_ms()
    count = len(action())
    assert count == ${length}, count
    return time.ticks_diff(time.ticks_ms(), begin)
buffer = bytearray(1000)
def pieces():
    stream = ask()
    while stream.readinto(buffer):
        pass
    return bytes(${length})
print(measure(pieces), measure(lambda: ask().read()), measure(lambda: ask_plainly().read(-1)),
    measure(lambda: asyncio.run(read(${peer.port}, client))), measure(lambda: asyncio.run(read(${plain}, None))))
`);
  const [inPieces, ...atOnce] = stdout.trim().split(" ").map(Number);
  assert.ok(atOnce.every((time) => time < inPieces * 3 + 100), stdout);
});
