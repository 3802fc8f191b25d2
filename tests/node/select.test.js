// Waiting for several streams.

import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";

import { listen, noProcfs, printed, processorTime, run, start } from "../support/runner.js";

/** @import { RunOptions } from "../support/runner.js" */

/** @param {string} source @param {string} expected @param {RunOptions} [options] */
async function prints(source, expected, options) {
  const { code, stdout, stderr } = await run(["-c", source], options);
  assert.equal(stderr, "");
  assert.equal(stdout, expected);
  assert.equal(code, 0);
}

test("poll tells what is ready, by poll and ipoll, once and again", async (t) => {
  const port = await listen(
    t,
    net.createServer((socket) => socket.on("data", (bytes) => socket.write(bytes)).on("error", () => {})),
  );
  await prints(
    `
import socket, select
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
p = select.poll()
p.register(s)
print(p.poll()[0][1], [e for _, e in p.ipoll()], len(p.poll(0)))
p.modify(s, select.POLLIN)
print(p.poll(0), p.poll(50), list(p.ipoll(0)))
s.write(b"x")
print(p.poll(2000)[0] == (s, select.POLLIN), [e for _, e in p.ipoll(2000, 1)], p.poll(0))
p.modify(s, select.POLLIN)
print(p.poll(0)[0][1], s.read(1), p.poll(0))
p.unregister(s)
p.register(s, select.POLLOUT)
print(p.poll(0)[0][1])
for bad in (1, "x", None):
    try:
        p.register(bad)
    except OSError as e:
        print(e)
`,
    `4 [4] 1
[] [] []
True [1] []
1 b'x' []
4
stream operation not supported
stream operation not supported
stream operation not supported
`,
  );
});

test("select sorts streams into readable, writable and failed", async (t) => {
  const port = await listen(
    t,
    net.createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (bytes) => (String(bytes) === "end" ? socket.end() : socket.write("y")));
    }),
  );
  await prints(
    `
import socket, select
a, b, c = [socket.socket() for i in range(3)]
for s in (a, b, c):
    s.connect(("127.0.0.1", ${port}))
a.write(b"x")
b.write(b"end")
print([sorted([(a, b, c).index(s) for s in l]) for l in select.select([a], [], [], 2)])
print([sorted([(a, b, c).index(s) for s in l]) for l in select.select([b], [], [], 2)])
print([sorted([(a, b, c).index(s) for s in l]) for l in select.select([a, b, c], [b], [c], 0)])
print(select.select([c], [], [], 0.05), select.select([], [], [], 0))
`,
    "[[0], [], []]\n[[1], [], []]\n[[0, 1], [1], []]\n([], [], []) ([], [], [])\n",
  );
});

test("a stream written in Python is polled, and one that becomes ready by itself is seen", async () => {
  await prints(
    `
import io, select, time
class Stream(io.IOBase):
    def __init__(self, after):
        self.ready = time.ticks_add(time.ticks_ms(), after)
    def ioctl(self, request, flags):
        return flags & 1 if request == 3 and time.ticks_diff(time.ticks_ms(), self.ready) >= 0 else 0
p = select.poll()
now, later = Stream(0), Stream(100)
p.register(now, select.POLLIN)
print(p.poll()[0][1])
p.unregister(now)
p.register(later, select.POLLIN)
print(p.poll(0), p.poll(3000)[0][0] is later)
class Broken(io.IOBase):
    def ioctl(self, request, flags):
        return -5
p.register(Broken())
try:
    p.poll(0)
except OSError as e:
    print(e.errno)
`,
    "1\n[] True\n5\n",
  );
});

test("standard input can be waited for beside a socket", async () => {
  const child = start([
    "-c",
    `
import sys, select, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
p = select.poll()
p.register(s, select.POLLIN)
p.register(sys.stdin, select.POLLIN)
print("waiting", len(p.poll(100)))
print(p.poll(5000)[0][0] is sys.stdin, sys.stdin.readline())
print(p.poll(5000)[0][1] & 1, repr(sys.stdin.readline()))
`,
  ]);
  await printed(child, /waiting 0/);
  child.stdin.write("a line\n");
  await printed(child, /True a line/);
  child.stdin.end();
  assert.equal((await child.finished).stdout, "waiting 0\nTrue a line\n\n1 ''\n");
});

test("waiting uses no processor time", { skip: noProcfs }, async (t) => {
  const port = await listen(t, net.createServer());
  const child = start([
    "-c",
    `
import socket, select, asyncio, sys
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
p = select.poll()
p.register(s, select.POLLIN)
print("begin")
p.poll(1000)
s.settimeout(0.5)
try:
    s.recv(1)
except OSError:
    pass
async def main():
    reader, _ = await asyncio.open_connection("127.0.0.1", ${port})
    try:
        await asyncio.wait_for(reader.read(1), 1)
    except asyncio.TimeoutError:
        pass
asyncio.run(main())
print("end")
sys.stdin.readline()
`,
  ]);
  await printed(child, /begin/);
  const before = processorTime(child);
  await printed(child, /end/);
  const used = processorTime(child) - before;
  assert.ok(used < 400, `${used} ms of processor time in 2.5 s of waiting`);
  child.stdin.end("\n");
  await child.finished;
});
