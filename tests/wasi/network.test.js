/** What is peculiar to the network of WASI: permission, waiting without using the processor. */

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { INTERPRETER, listen, noProcfs, printed, processorTime, run, runCode, start } from "../support/runner.js";

/**
 * The interpreter without some of what wasmtime grants it.
 *
 * @param {...string} permissions
 */
const without = (...permissions) =>
  INTERPRETER.filter((/** @type {string} */ arg, /** @type {number} */ at) => !permissions.includes(arg) && !(arg === "-S" && permissions.includes(INTERPRETER[at + 1])));

test("a program that may not use the network gets EACCES from whatever would", async () => {
  const { code, stdout, stderr } = await runCode(
    `
import socket
def attempt(action):
    try:
        return action()
    except OSError as error:
        return error.errno
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    print(attempt(lambda: socket.socket(socket.AF_INET, kind).bind(("127.0.0.1", 0))))
print(attempt(lambda: socket.socket().connect(("127.0.0.1", 80))))
print(attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 80))))
print(attempt(lambda: socket.getaddrinfo("localhost", 80)))
print(attempt(lambda: socket.getaddrinfo("127.0.0.1", 80)[0][-1]))
`,
    { command: without("inherit-network", "allow-ip-name-lookup") },
  );
  assert.equal(stderr, "");
  assert.equal(stdout, "13\n13\n13\n13\n13\n('127.0.0.1', 80)\n");
  assert.equal(code, 0);
});

const WAITING = {
  "select.poll": `
poller = select.poll()
poller.register(sock, select.POLLIN)
print(len(poller.poll()))`,
  "select.select with a timeout": `
while not select.select([sock], [], [], 0.4)[0]:
    pass
print(1)`,
  asyncio: `
import asyncio
async def main():
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    asyncio.create_task(reader.read(1))
    print(len(await asyncio.StreamReader(sock).read(1)))
asyncio.run(main())`,
  "a blocking read": "print(len(sock.recv(1)))",
};

for (const [what, wait] of Object.entries(WAITING)) {
  test(`${what} waits without using the processor`, { skip: noProcfs }, async (t) => {
    const server = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => setTimeout(() => socket.write("x"), 3000));
    });
    const port = await listen(t, server);
    const child = start(["-c", `
import select, socket, time
sock = socket.socket()
sock.connect(("127.0.0.1", ${port}))
sock.write(b"go")
print("waiting")
${wait.replace("PORT", String(port))}
`]);
    t.after(() => child.kill("SIGKILL"));
    await printed(child, /waiting/);
    const before = processorTime(child);
    await printed(child, /^1$/m);
    // Busy waiting would be near to what passed.
    assert.ok(processorTime(child) - before < 1000, `${processorTime(child) - before} ms`);
  });
}

test("standard input and a socket are waited for together", async (t) => {
  /** @type {net.Socket[]} */
  const peers = [];
  const port = await listen(t, net.createServer((socket) => peers.push(socket.on("error", () => {}))));
  const child = start(["-c", `
import select, socket, sys
sock = socket.socket()
sock.connect(("127.0.0.1", ${port}))
poller = select.poll()
poller.register(sys.stdin, select.POLLIN)
poller.register(sock, select.POLLIN)
print("waiting")
for turn in range(2):
    for stream, event in poller.poll():
        print("socket", sock.recv(10)) if stream is sock else print("stdin", sys.stdin.readline())
`]);
  t.after(() => child.kill("SIGKILL"));
  await printed(child, /waiting/);
  peers[0].write("hello");
  await printed(child, /socket b'hello'/);
  child.stdin.write("typed\n");
  await printed(child, /stdin typed/);
});

test("a stream of the program's own is looked at again while a socket is waited for", async (t) => {
  const port = await listen(t, net.createServer((socket) => socket.on("error", () => {})));
  const { stdout, stderr } = await runCode(`
import io, select, socket
class Later(io.IOBase):
    looks = 0
    def ioctl(self, request, arg):
        self.looks += 1
        return select.POLLIN if self.looks == 5 else 0
sock = socket.socket()
sock.connect(("127.0.0.1", ${port}))
poller = select.poll()
later = Later()
poller.register(later, select.POLLIN)
poller.register(sock, select.POLLIN)
print([(stream is later, event) for stream, event in poller.poll()])
`);
  assert.equal(stderr, "");
  assert.equal(stdout, "[(True, 1)]\n");
});

test("what was written before close() arrives", async (t) => {
  const length = 3_000_000;
  let received = 0;
  /** @type {() => void} */
  let finish = () => {};
  /** @type {Promise<void>} */
  const complete = new Promise((resolve) => (finish = resolve));
  const server = net.createServer({ pauseOnConnect: true }, (socket) => {
    socket.on("data", (bytes) => (received += bytes.length)).on("end", finish).on("error", finish);
    setTimeout(() => socket.resume(), 500);
  });
  const port = await listen(t, server);
  const { stderr } = await run(["-c", `
import socket
sock = socket.socket()
sock.connect(("127.0.0.1", ${port}))
part = bytes(100_000)
for turn in range(${length} // len(part)):
    assert sock.write(part) == len(part)
sock.close()
`]);
  await complete;
  assert.equal(stderr, "");
  assert.equal(received, length);
});

test("close() does not wait for a peer that does not read, and loses nothing that was written", async (t) => {
  let received = 0;
  const server = net.createServer((socket) => {
    socket.pause();
    setTimeout(() => socket.resume(), 1500);
    socket.on("data", (data) => (received += data.length));
    socket.on("end", () => server.emit("received"));
  });
  const ended = once(server, "received");
  const port = await listen(t, server);
  const { stdout, stderr } = await runCode(`
import socket, time
sock = socket.socket()
sock.connect(("127.0.0.1", ${port}))
sock.setblocking(False)
written = 0
while True:
    count = sock.write(bytes(65536))
    if not count:
        break
    written += count
begin = time.ticks_ms()
sock.close()
print(written, time.ticks_diff(time.ticks_ms(), begin) < 500)
`);
  assert.equal(stderr, "");
  const [written, atOnce] = stdout.trim().split(" ");
  assert.equal(atOnce, "True");
  await ended;
  assert.equal(received, Number(written));
});
