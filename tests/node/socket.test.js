// The socket module on the host's network.

import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";
import os from "node:os";
import { test } from "node:test";

import { freePort, listen, noProcfs, notInPage, printed, residentMemory, run, runCode, runnerOnly, start } from "../support/runner.js";

/** @import { RunOptions } from "../support/runner.js" */

const noIPv6 = Object.values(os.networkInterfaces()).flat().some((address) => address?.address === "::1") ? false : "this host has no IPv6";

/**
 * Runs a program and checks what it printed; a traceback shows in the failure.
 *
 * @param {string} source
 * @param {string} expected
 * @param {RunOptions} [options]
 */
async function prints(source, expected, options) {
  const { code, stdout, stderr } = await run(["-c", source], options);
  assert.equal(stderr, "");
  assert.equal(stdout, expected);
  assert.equal(code, 0);
}

/**
 * A server that sends what `answer(bytes so far)` returns and keeps the connection.
 *
 * @param {(bytes: Buffer, socket: net.Socket) => string | Uint8Array | null | void} answer
 */
function answering(answer) {
  return net.createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      const reply = answer(bytes, socket);
      if (reply) socket.write(reply);
    });
  });
}

test("stream functions have MicroPython's semantics on a blocking socket", async (t) => {
  const server = net.createServer((socket) => {
    socket.write("line one\nline ");
    setTimeout(() => socket.write("two\nno newline"), 100);
    setTimeout(() => socket.end(), 200);
  });
  const port = await listen(t, server);
  await prints(
    `
import socket
def connect():
    s = socket.socket()
    s.connect(("127.0.0.1", ${port}))
    return s
s = connect()
print(s.readline(), s.readline(), s.readline(), s.readline())
s = connect()
print(s.read(16), s.read(0), s.read(5), s.read(), s.read(), s.read(1))
s = connect()
b = bytearray(20)
print(s.readinto(b), bytes(b), s.readinto(b, 3), b[:3], s.readinto(b), s.readinto(b))
s = connect()
print(s.recv(4), s.recv(100), s.recv_into(b), s.readline(2))
for bad in (lambda: s.read("x"), lambda: s.write(1), lambda: s.readinto(b"const")):
    try:
        bad()
    except TypeError:
        print("TypeError", end=" ")
`,
    `b'line one\\n' b'line two\\n' b'no newline' b''
b'line one\\nline tw' b'' b'o\\nno ' b'newline' b'' b''
20 b'line one\\nline two\\nno' 3 bytearray(b' ne') 5 0
b'line' b' one\\nline ' 14 b''
TypeError TypeError TypeError `,
  );
});

test("write, send, sendall and str as data", async (t) => {
  let received = "";
  const port = await listen(t, answering((bytes) => ((received += bytes), received.endsWith("!") ? received : null)));
  await prints(
    `
import socket
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
print(s.write(b"12345", 3), s.write(b"abcdef", 1, 2), s.write("text"), s.send(b"xyz"), s.send("str"), s.sendall(memoryview(b"all")), s.write(b""))
s.write(b"!")
print(s.recv(100))
`,
    "3 2 4 3 3 None 0\nb'123bctextxyzstrall!'\n",
  );
});

test("connecting to a port that nobody listens on is refused", async (t) => {
  const server = net.createServer();
  const port = await listen(t, server);
  await new Promise((closed) => server.close(closed));
  const { code, stderr } = await runCode(`import socket\ns = socket.socket()\ns.connect(("127.0.0.1", ${port}))`);
  assert.match(stderr, /OSError: \[Errno 111\] ECONNREFUSED\n$/);
  assert.equal(code, 1);
});

test("a name that does not resolve", async () => {
  await prints(
    `
import socket
for f in (lambda: socket.getaddrinfo("no.such.host.invalid", 80), lambda: socket.socket().connect(("no.such.host.invalid", 80))):
    try:
        f()
    except OSError as e:
        print(e.errno < 0, e.args[1])
`,
    "True name or service not known\n".repeat(2),
  );
});

test("getaddrinfo gives entries that socket() and connect() take", async (t) => {
  const port = await listen(t, answering((bytes) => bytes));
  await prints(
    `
import socket
ai = socket.getaddrinfo("127.0.0.1", ${port})
print([entry[1:3] for entry in ai], ai[0] == (socket.AF_INET, socket.SOCK_STREAM, 6, None, ("127.0.0.1", ${port})))
print(socket.getaddrinfo(b"127.0.0.1", "123", 0, socket.SOCK_DGRAM)[0])
print(socket.getaddrinfo("localhost", 1, socket.AF_INET)[0][-1], socket.getaddrinfo("::1", 2)[0][-1])
ai = socket.getaddrinfo("localhost", ${port}, 0, socket.SOCK_STREAM)[0]
s = socket.socket(*ai[:3])
s.connect(ai[-1])
s.write(b"ping")
print(s.read(4))
`,
    `[(1, 6), (2, 17), (3, 0)] True
(2, 2, 17, None, ('127.0.0.1', 123))
('127.0.0.1', 1) ('::1', 2)
b'ping'
`,
  );
});

test("a timeout ends recv, read, accept and connect with ETIMEDOUT", async (t) => {
  const port = await listen(t, answering(() => null));
  await prints(
    `
import socket, time
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
s.settimeout(0.2)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1)
listener.settimeout(0.2)
for f in (lambda: s.recv(1), lambda: s.read(1), lambda: s.readline(), lambda: s.recvfrom(1), listener.accept):
    t = time.ticks_ms()
    try:
        f()
    except OSError as e:
        print(e.errno, 195 <= time.ticks_diff(time.ticks_ms(), t) < 2000)
s.settimeout(None)
s.settimeout(0)
try:
    s.recv(1)
except OSError as e:
    print(e.errno)
`,
    "110 True\n".repeat(5) + "11\n",
  );
});

test("a non-blocking socket connects, waits and reads without blocking", async (t) => {
  const port = await listen(t, answering((bytes) => bytes));
  await prints(
    `
import socket, select
s = socket.socket()
s.setblocking(False)
try:
    s.connect(("127.0.0.1", ${port}))
except OSError as e:
    print(e.errno)
poll = select.poll()
poll.register(s, select.POLLIN | select.POLLOUT)
print(poll.poll(5000)[0][1])
print(s.connect(("127.0.0.1", ${port})))
try:
    s.connect(("127.0.0.1", ${port}))
except OSError as e:
    print(e.errno)
print(s.read(1), s.readline(), s.readinto(bytearray(1)))
try:
    s.recv(1)
except OSError as e:
    print(e.errno)
print(s.write(b"abc"))
poll.modify(s, select.POLLIN)
print(poll.poll(5000)[0][1], s.read(10), s.read(10))
poll.modify(s, select.POLLOUT)
sent = 0
while True:
    n = s.write(bytes(100000))
    if n is None:
        break
    sent += n
    if sent > 50_000_000:
        break
print(sent > 100000, poll.poll(0) in ([], [(s, 4)]))
`,
    "115\n4\nNone\n106\nNone None None\n11\n3\n1 b'abc' None\nTrue True\n",
  );
});

test("a refused connection shows in poll and in the next operation", async (t) => {
  const server = net.createServer();
  const port = await listen(t, server);
  await new Promise((closed) => server.close(closed));
  await prints(
    `
import socket, select
s = socket.socket()
s.setblocking(False)
try:
    s.connect(("127.0.0.1", ${port}))
except OSError as e:
    print(e.errno)
poll = select.poll()
poll.register(s, select.POLLOUT)
print(poll.poll(5000)[0][1])
try:
    s.write(b"x")
except OSError as e:
    print(e.errno)
`,
    "115\n28\n111\n",
  );
});

test("a program serves connections, one after the other and queued", async () => {
  const port = await freePort();
  const child = start([
    "-c",
    `
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", ${port}))
s.listen(5)
print("ready")
for i in range(3):
    c, address = s.accept()
    print(address[0], type(address[1]))
    c.write(b"hello %d " % i + c.recv(10))
    c.close()
`,
  ]);
  await printed(child, /ready/);
  /** @param {string} name */
  const greet = (name) =>
    new Promise((resolve) => {
      let text = "";
      const socket = net.connect(port, "127.0.0.1", () => socket.write(name));
      socket.on("data", (bytes) => (text += bytes)).on("end", () => resolve(text));
    });
  const answers = await Promise.all(["a", "b", "c"].map(greet));
  assert.deepEqual(answers.map((text) => text.slice(0, 6)).sort(), ["hello ", "hello ", "hello "]);
  assert.deepEqual(answers.map((text) => text.slice(-1)).sort(), ["a", "b", "c"]);
  const { code, stdout, stderr } = await child.finished;
  assert.equal(stderr, "");
  assert.match(stdout, /(127\.0\.0\.1 <class 'int'>\n){3}$/);
  assert.equal(code, 0);
});

test("an option that the host's TCP sockets lack is refused when it is set, and the socket connects", { skip: runnerOnly("wasmtime has it") }, async (t) => {
  const port = await listen(t, answering((bytes) => bytes));
  await prints(
    `
import socket
s = socket.socket()
try:
    s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 64)
except OSError as e:
    print("IP_TTL", e.errno)
s.connect(("127.0.0.1", ${port}))
s.write(b"echo")
print(s.recv(4))
`,
    "IP_TTL 95\nb'echo'\n",
  );
});

test("the sizes of a socket's buffers may be set, before it connects and after", async (t) => {
  const port = await listen(t, answering((bytes) => bytes));
  await prints(
    `
import socket
s = socket.socket()
for connect in (lambda address: None, s.connect):
    connect(("127.0.0.1", ${port}))
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        for size in (4096, 1, 0):
            print(s.setsockopt(socket.SOL_SOCKET, option, size), end=" ")
s.sendall(b"echo")
print(s.recv(4))
`,
    `${"None ".repeat(12)}b'echo'\n`,
  );
});

const beyondWasi = runnerOnly("WASI's sockets lack these options");

test("TCP_NODELAY is set before a socket connects and after", { skip: beyondWasi }, async (t) => {
  const port = await listen(t, answering((bytes) => bytes));
  await prints(
    `
import socket
s = socket.socket()
print(s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1))
s.connect(("127.0.0.1", ${port}))
for value in (0, 1, b"\\1\\0\\0\\0"):
    print(s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, value))
s.write(b"echo")
print(s.recv(4))
`,
    "None\nNone\nNone\nNone\nb'echo'\n",
  );
});

test("a socket that lingers for no time resets its connection", { skip: beyondWasi }, async (t) => {
  const server = net.createServer((socket) => socket.resume());
  const port = await listen(t, server);
  const reset = new Promise((resolve) => server.once("connection", (socket) => socket.once("error", resolve)));
  await prints(
    `
import socket
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
try:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 0)
except OSError as e:
    print(e.errno)
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\\1\\0\\0\\0\\0\\0\\0\\0")
s.close()
`,
    "22\n",
  );
  assert.equal((await reset).code, "ECONNRESET");
});

test("a peer that sends data and resets the connection is told from one that ends it", { skip: notInPage("a page's connections are not reset") }, async (t) => {
  const port = await listen(t, answering((bytes, socket) => void socket.write("all", () => socket.resetAndDestroy())));
  await prints(
    `
import socket
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
s.send(b"go")
print(s.recv(100))
try:
    print(s.recv(100))
except OSError as e:
    print(e.errno)
`,
    "b'all'\n104\n",
  );
});

test("what arrived before a reset can be read after a write has failed", { skip: notInPage("a page's connections are not reset") }, async (t) => {
  let written = () => {};
  const first = await listen(t, answering((bytes, socket) => (String(bytes) === "go" ? void socket.write("all", written) : void socket.resetAndDestroy())));
  const second = await listen(t, net.createServer((socket) => (written = () => socket.end("written"))));
  await prints(
    `
import socket, time
told = socket.socket()
told.connect(("127.0.0.1", ${second}))
s = socket.socket()
s.connect(("127.0.0.1", ${first}))
s.write(b"go")
print(told.recv(100))
try:
    while True:
        s.write(b"more")
        time.sleep_ms(1)
except OSError as e:
    print(e.errno in (32, 104))
print(s.recv(100))
print(s.recv(100))
`,
    "b'written'\nTrue\nb'all'\nb''\n",
  );
});

test("a socket receives what is sent to a multicast group that it has joined", { skip: beyondWasi }, async (t) => {
  const group = "239.255.43.21";
  const sender = dgram.createSocket("udp4");
  t.after(() => sender.close());
  await once(sender.bind(0, "127.0.0.1"), "listening");
  const child = start([
    "-c",
    `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, b"\\xef\\xff\\x2b\\x15\\x7f\\0\\0\\1")
s.bind(("0.0.0.0", 0))
s.sendto(b"here", ("127.0.0.1", ${sender.address().port}))
print(s.recvfrom(100)[0])
`,
  ]);
  t.after(() => child.kill("SIGKILL"));
  const [, { port }] = await once(sender, "message");
  sender.setMulticastInterface("127.0.0.1");
  sender.send("to all", port, group);
  const { stdout, stderr } = await child.finished;
  assert.equal(stderr, "");
  assert.equal(stdout, "b'to all'\n");
});

test("connections that a program forgets are closed", async (t) => {
  let open = 0;
  let most = 0;
  const server = net.createServer((socket) => {
    most = Math.max(most, ++open);
    socket.on("error", () => {}).on("close", () => open--).on("end", () => socket.end()).resume();
    socket.write("x");
  });
  const port = await listen(t, server);
  await prints(
    `
import socket
for i in range(500):
    s = socket.socket()
    s.connect(("127.0.0.1", ${port}))
    s.recv(1)
print("done")
`,
    "done\n",
  );
  assert.ok(most < 200, `${most} of 500 were open at once`);
});

test("an address in use is refused by bind", async (t) => {
  const port = await listen(t, net.createServer());
  const { stderr } = await runCode(`import socket\nsocket.socket().bind(("127.0.0.1", ${port}))`);
  assert.match(stderr, /OSError: \[Errno 98\] EADDRINUSE\n$/);
});

test("a program is client and server of itself", async () => {
  const port = await freePort();
  await prints(
    `
import socket
listener = socket.socket()
listener.bind(("127.0.0.1", ${port}))
listener.listen(1)
client = socket.socket()
client.connect(("127.0.0.1", ${port}))
server, _ = listener.accept()
listener.close()
client.write(b"to the server\\n")
print(server.readline())
server.write(b"to the client")
server.close()
print(client.read())
`,
    "b'to the server\\n'\nb'to the client'\n",
  );
});

test("a large transfer arrives whole both ways", async (t) => {
  const size = 8 * 1024 * 1024;
  const port = await listen(
    t,
    net.createServer((socket) => socket.on("error", () => {}).pipe(socket)),
  );
  await prints(
    `
import socket, select, hashlib
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
s.setblocking(False)
out = hashlib.sha256()
back = hashlib.sha256()
block = bytes(range(256)) * 97
view = memoryview(block)
sent = received = 0
buf = bytearray(30011)
poll = select.poll()
poll.register(s)
while received < ${size}:
    poll.modify(s, select.POLLIN | (select.POLLOUT if sent < ${size} else 0))
    for _, event in poll.poll(10000):
        if event & select.POLLOUT:
            n = s.write(view[: ${size} - sent])
            out.update(view[:n])
            sent += n
        if event & select.POLLIN:
            n = s.readinto(buf)
            if n:
                back.update(memoryview(buf)[:n])
                received += n
print(sent, received, out.digest() == back.digest())
`,
    `${size} ${size} True\n`,
    { limit: 60000 },
  );
});

test("bytes arrive whole in pieces of any length, at any address", async (t) => {
  const content = Buffer.from(Array.from({ length: 300_007 }, (_, i) => (i * i) % 251));
  const port = await listen(
    t,
    net.createServer(async (socket) => {
      socket.on("error", () => {}).setNoDelay(true);
      for (let at = 0, size = 1; at < content.length; at += size, size = (size * 7) % 4099) {
        socket.write(content.subarray(at, at + size));
        if (size % 5 === 0) await new Promise(setImmediate);
      }
      socket.end();
    }),
  );
  await prints(
    `
import socket
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
buf = memoryview(bytearray(70000))
size = n = 1
at = 0
while n:
    size = size * 11 % 65521
    n = s.recv_into(buf[size % 13:], size)
    for i in range(0, n, 17):
        if buf[size % 13 + i] != (at + i) * (at + i) % 251:
            print("wrong at", at + i)
    at += n
print(at)
`,
    `${content.length}\n`,
  );
});

test("what was written before close and exit is still delivered", async (t) => {
  const size = 3 * 1024 * 1024;
  /** @type {[ending: string, exit: number][]} */
  const endings = [["s.close()", 0], ["pass", 0], ["raise SystemExit(7)", 7]];
  for (const [ending, exit] of endings) {
    let received = 0;
    /** @type {(error?: Error) => void} */
    let socketEnded;
    const ended = new Promise((resolve) => (socketEnded = resolve));
    const server = net.createServer((socket) => {
      socket.pause();
      setTimeout(() => socket.resume(), 300);
      socket.on("data", (bytes) => (received += bytes.length));
      socket.on("end", socketEnded);
      socket.on("error", socketEnded);
    });
    const port = await listen(t, server);
    const source = `import socket\ns = socket.socket()\ns.connect(("127.0.0.1", ${port}))\ns.sendall(bytes(${size}))\n${ending}`;
    const { code, stderr } = await runCode(source, { limit: 120_000 });
    assert.equal(stderr, "");
    assert.equal(code, exit);
    assert.equal(await ended, undefined);
    assert.equal(received, size, ending);
  }
});

test("a write to a peer that is gone fails at the second, and the program's end waits for nobody", async (t) => {
  const port = await listen(t, net.createServer((socket) => socket.destroy()));
  const { code, stdout, stderr } = await runCode(`
import socket
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
assert s.read() == b""
def write():
    try:
        return s.write(b"x")
    except OSError as error:
        return error.errno
print([write() for turn in range(8)])
`);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.match(stdout, /^\[1, (32|104)(, 32){6}\]\n$/);
});

test("a program that does not read holds the sender back", { skip: noProcfs }, async (t) => {
  let sent = 0;
  const block = Buffer.alloc(65536);
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    const more = () => {
      while (sent < 256 * 1024 * 1024) {
        sent += block.length;
        if (!socket.write(block)) return socket.once("drain", more);
      }
    };
    more();
  });
  const port = await listen(t, server);
  const child = start([
    "-c",
    `import socket, sys\ns = socket.socket()\ns.connect(("127.0.0.1", ${port}))\nprint(len(s.read(10)))\nsys.stdin.readline()\nprint(len(s.read(1000000)))\nsys.stdin.readline()`,
  ]);
  await printed(child, /10\n/);
  const before = residentMemory(child);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were taken from the server`);
  assert.ok(residentMemory(child) - before < 16 * 1024 * 1024);
  child.stdin.write("\n");
  await printed(child, /1000000\n/);
  child.stdin.end("\n");
  await child.finished;
});

test("a connection that is reset gives its data, then ECONNRESET, then the end", async (t) => {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.write("data");
    setTimeout(() => socket.resetAndDestroy(), 200);
  });
  const port = await listen(t, server);
  await prints(
    `
import socket, time
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
time.sleep(0.5)
print(s.recv(10))
try:
    s.recv(10)
except OSError as e:
    print(e.errno)
print(s.recv(10))
try:
    s.send(b"x")
except OSError as e:
    print(e.errno)
`,
    "b'data'\n104\nb''\n32\n",
  );
});

test("everything after close is EBADF, but close", async () => {
  await prints(
    `
import socket, select
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    s = socket.socket(socket.AF_INET, kind)
    s.close()
    s.close()
    a = ("127.0.0.1", 1)
    for f in (lambda: s.recv(1), lambda: s.read(1), lambda: s.write(b"1"), lambda: s.send(b"1"), lambda: s.settimeout(1), lambda: s.bind(a),
              lambda: s.listen(), lambda: s.accept(), lambda: s.connect(a), lambda: s.sendto(b"x", a), lambda: s.setsockopt(1, 2, 1)):
        try:
            print(f())
        except OSError as e:
            print(e.errno, end=" ")
    p = select.poll()
    p.register(s)
    print(p.poll(0)[0][1])
`,
    "9 9 9 9 9 9 9 9 9 9 9 32\n".repeat(2),
  );
});

test("getaddrinfo knows the ports of well-known services", async () => {
  await prints(
    `
import socket
for name in ("http", b"https", "mqtt", "secure-mqtt", "coaps", "domain"):
    print([(entry[1], entry[-1]) for entry in socket.getaddrinfo("127.0.0.1", name)], end=" ")
print(socket.getaddrinfo("127.0.0.1", "ssh", 0, socket.SOCK_STREAM))
try:
    socket.getaddrinfo("127.0.0.1", "no-service")
except OSError as e:
    print(e)
`,
    [80, 443, 1883, 8883, 5684, 53].map((port) => `[(1, ('127.0.0.1', ${port})), (2, ('127.0.0.1', ${port}))] `).join("") +
      "[(2, 1, 6, None, ('127.0.0.1', 22))]\n(-8, 'service not known for this socket type')\n",
  );
});

test("fileno() is a number of its own until the socket is closed", async () => {
  await prints(
    `
import socket
a, b = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(a.fileno() > 2, a.fileno() != b.fileno(), str(a) == "<socket %d>" % a.fileno())
a.close()
print(a.fileno(), a)
`,
    "True True True\n-1 <socket -1>\n",
  );
});

test("what a socket cannot do is an OSError or TypeError, never more", async () => {
  await prints(
    `
import socket
s = socket.socket()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
a = ("127.0.0.1", 1)
for f in (lambda: socket.socket(99), lambda: socket.socket(2, 3), lambda: s.recv(1), lambda: s.send(b"x"), lambda: s.accept(), lambda: u.listen(1),
          lambda: u.accept(), lambda: u.send(b"x"), lambda: u.sendto(bytes(70000), a), lambda: s.setsockopt(1, 9999, 1),
          lambda: s.bind(("192.0.2.1", 0)), lambda: s.recv(1, 0x8000)):
    try:
        print(f())
    except OSError as e:
        print(e.errno, end=" ")
for f in (lambda: s.connect("x"), lambda: s.connect(("x", 70000)), lambda: s.connect(("x",)), lambda: s.connect(("x", 1, 2)), lambda: s.connect((1, 2)), lambda: s.recv_into(bytearray(1), 2),
          lambda: socket.socket(fileno=1), lambda: s.sendto(b"x", 1, 2), lambda: socket.socket(proto=1, bad=2)):
    try:
        print(f())
    except (TypeError, ValueError, OverflowError) as e:
        print(type(e).__name__, end=" ")
`,
    "97 93 107 32 22 95 95 89 90 92 99 22 TypeError OverflowError ValueError ValueError TypeError ValueError ValueError TypeError TypeError ",
  );
});

test("UDP: sendto, recvfrom, peeking, truncation and timeouts", async (t) => {
  const server = dgram.createSocket("udp4");
  server.on("message", (bytes, from) => server.send(Buffer.concat([Buffer.from("re:"), bytes]), from.port, from.address));
  await once(server.bind(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const { port } = server.address();
  await prints(
    `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
a = socket.getaddrinfo("127.0.0.1", ${port}, 0, socket.SOCK_DGRAM)[0][-1]
print(s.sendto(b"one", a), s.sendto("two", 0, a))
print(s.recvfrom(100) == (b"re:one", a), s.recvfrom(2), s.sendto(b"", a), s.recv(10))
s.sendto(b"three", a)
print(s.recv(100, socket.MSG_PEEK), s.recvfrom(4, socket.MSG_PEEK)[0], s.recv(100))
s.connect(a)
print(s.send(b"four"), s.recv(100), s.write(b"five"), s.read(7))
big = bytes(range(256)) * 240
s.sendto(big[:60000], a)
print(s.recv(65536) == b"re:" + big[:60000])
s.settimeout(0.1)
try:
    s.recv(1)
except OSError as e:
    print(e.errno)
try:
    s.recv(1, socket.MSG_DONTWAIT)
except OSError as e:
    print(e.errno)
`,
    `3 3
True (b're', ('127.0.0.1', ${port})) 0 b're:'
b're:three' b're:t' b're:three'
4 b're:four' 4 b're:five'
True
110
11
`,
  );
});

test("UDP: a program answers datagrams on a port it bound", async () => {
  const port = await freePort("127.0.0.1", "udp");
  const child = start([
    "-c",
    `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", ${port}))
print("ready")
for i in range(2):
    data, address = s.recvfrom(2000)
    s.sendto(b"got " + data, address)
`,
  ]);
  await printed(child, /ready/);
  const client = dgram.createSocket("udp4");
  for (const text of ["a", "b"]) {
    const answer = new Promise((resolve) => client.once("message", (bytes) => resolve(String(bytes))));
    client.send(text, port, "127.0.0.1");
    assert.equal(await answer, `got ${text}`);
  }
  client.close();
  assert.equal((await child.finished).code, 0);
});

test("UDP: nobody listening on a connected address is ECONNREFUSED", async (t) => {
  const probe = dgram.createSocket("udp4");
  await once(probe.bind(0, "127.0.0.1"), "listening");
  const { port } = probe.address();
  await once(probe.close(), "close");
  await prints(
    `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.connect(("127.0.0.1", ${port}))
s.send(b"x")
try:
    s.recv(1)
except OSError as e:
    print(e.errno)
`,
    "111\n",
  );
});

test("IPv6: TCP and UDP", { skip: noIPv6 }, async (t) => {
  const own = await freePort("::1");
  const port = await listen(t, answering((bytes) => bytes), "::1");
  const server = dgram.createSocket("udp6");
  server.on("message", (bytes, from) => server.send(bytes, from.port, from.address));
  await once(server.bind(0, "::1"), "listening");
  t.after(() => server.close());
  await prints(
    `
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
s.connect(socket.getaddrinfo("::1", ${port})[0][-1])
s.write(b"tcp6")
print(s.read(4))
u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
u.sendto(b"udp6", ("::1", ${server.address().port}))
print(u.recvfrom(10))
listener = socket.socket(socket.AF_INET6)
listener.bind(("::1", ${own}))
listener.listen(1)
s = socket.socket(socket.AF_INET6)
s.connect(("::1", ${own}))
print(listener.accept()[1][0])
`,
    `b'tcp6'\n(b'udp6', ('::1', ${server.address().port}))\n::1\n`,
  );
});

test("receiving into a buffer in a loop leaves no garbage", async (t) => {
  const port = await listen(t, answering((bytes) => bytes));
  await prints(
    `
import socket, select, gc, time
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
b = bytearray(64)
p = select.poll()
p.register(s, select.POLLIN)
def turn():
    s.write(b)
    for _ in p.ipoll(1000):
        s.readinto(b)
    s.send(b)
    s.recv_into(b)
    time.sleep_ms(0)
turn()
before = gc.mem_alloc()
for i in range(500):
    turn()
print((gc.mem_alloc() - before) // 500)
`,
    "0\n",
  );
});

test("thousands of connections do not use up memory", { skip: noProcfs }, async (t) => {
  const port = await listen(
    t,
    net.createServer((socket) => socket.on("error", () => {}).end("x")),
  );
  const child = start([
    "-c",
    `
import socket, sys
def many(n):
    for i in range(n):
        s = socket.socket()
        s.connect(("127.0.0.1", ${port}))
        if s.read() != b"x": raise ValueError
        s.close()
many(300)
print("warm")
sys.stdin.readline()
many(1500)
print("done")
sys.stdin.readline()
`,
  ]);
  await printed(child, /warm/);
  const before = residentMemory(child);
  child.stdin.write("\n");
  await printed(child, /done/);
  assert.ok(residentMemory(child) - before < 100 * 1024 * 1024, `${(residentMemory(child) - before) >> 20} MB more`);
  child.stdin.end("\n");
  const { code, stderr } = await child.finished;
  assert.equal(stderr, "");
  assert.equal(code, 0);
});
