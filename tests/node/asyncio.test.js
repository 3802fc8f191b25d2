// asyncio programs on the host's network.

import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";

import { cast } from "../support/pki.js";
import { freePort, listen, noProcfs, notInPage, printed, processorTime, run, servesOthers, start } from "../support/runner.js";
import { tlsServer } from "../support/servers.js";

/** @import { RunOptions } from "../support/runner.js" */

const relayResolves = notInPage("a page's relay looks names up, and one that is none is EHOSTUNREACH (113)");

/** @param {string} source @param {string} expected @param {RunOptions} [options] */
async function prints(source, expected, options) {
  const { code, stdout, stderr } = await run(["-c", source], options);
  assert.equal(stderr, "");
  assert.equal(stdout, expected);
  assert.equal(code, 0);
}

test("run returns the result, raises what main raised, and can be used again", async () => {
  await prints(
    `
import asyncio
async def result(x):
    await asyncio.sleep_ms(1)
    return x * 2
async def fails():
    await asyncio.sleep(0)
    raise ValueError("why")
print(asyncio.run(result(21)))
try:
    asyncio.run(fails())
except ValueError as e:
    print(repr(e))
print(asyncio.get_event_loop().run_until_complete(result(1)))
try:
    asyncio.run(5)
except TypeError as e:
    print(e)
`,
    "42\nValueError('why',)\n2\ncoroutine expected\n",
  );
});

test("an uncaught exception in a task is reported and the rest goes on; one in main ends the program", async () => {
  const { code, stdout, stderr } = await run([
    "-c",
    `
import asyncio
async def fails(n):
    raise ValueError(n)
async def main():
    asyncio.create_task(fails(1))
    await asyncio.sleep_ms(20)
    print("main goes on")
    await fails(2)
asyncio.run(main())
`,
  ]);
  assert.equal(stdout, "main goes on\n");
  assert.match(stderr, /^Task exception wasn't retrieved\nfuture: <Task> coro= <generator object 'fails' at \w+>\nTraceback.*\n(.*\n)*ValueError: 1\nTraceback.*\n(.*\n)*ValueError: 2\n$/);
  assert.equal(code, 1);
});

test("tasks, gather, wait_for, events, locks and cancellation", async () => {
  await prints(
    `
import asyncio
order = []
async def work(name, ms):
    await asyncio.sleep_ms(ms)
    order.append(name)
    return name
async def stuck():
    try:
        await asyncio.sleep(60)
    finally:
        order.append("cancelled")
async def main():
    print(await asyncio.gather(work("slow", 60), work("fast", 10)), order)
    try:
        await asyncio.wait_for(stuck(), 0.05)
    except asyncio.TimeoutError:
        print("timeout", order[-1])
    print(await asyncio.wait_for_ms(work("x", 5), 1000))
    event = asyncio.Event()
    waiter = asyncio.create_task(event.wait())
    await asyncio.sleep(0)
    event.set()
    print(await waiter, event.is_set())
    lock = asyncio.Lock()
    async def locked(i):
        async with lock:
            order.append(i)
            await asyncio.sleep_ms(5)
    del order[:]
    await asyncio.gather(*[locked(i) for i in range(4)])
    print(order, lock.locked())
    task = asyncio.create_task(stuck())
    await asyncio.sleep(0)
    print(task.cancel(), task.done(), asyncio.current_task().done())
    try:
        await task
    except asyncio.CancelledError:
        print("CancelledError")
    flag = asyncio.ThreadSafeFlag()
    flag.set()
    await flag.wait()
asyncio.run(main())
`,
    `['slow', 'fast'] ['fast', 'slow']
timeout cancelled
x
True True
[0, 1, 2, 3] False
True False False
CancelledError
`,
  );
});

test("open_connection: reading and writing in every way", async (t) => {
  const port = await listen(
    t,
    net.createServer((socket) => {
      let text = "";
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        text += bytes;
        if (text.endsWith("end\n")) {
          socket.write("line 1\nlin");
          setTimeout(() => socket.write("e 2\nexact"), 50);
          setTimeout(() => socket.end(`rest ${text.length}`), 100);
        }
      });
    }),
  );
  await prints(
    `
import asyncio
async def main():
    reader, writer = await asyncio.open_connection("127.0.0.1", ${port})
    print(reader is writer)
    writer.write(b"x" * 1000)
    writer.write(b"y" * 1_000_000)
    await writer.drain()
    await writer.awrite("str")
    await writer.awrite(b"--end\\n", 2)
    print(await reader.readline(), await reader.readline(), await reader.readexactly(5))
    b = bytearray(2)
    print(await reader.readinto(b), b, await reader.read(2), await reader.read(), await reader.read(1), await reader.readline())
    try:
        await reader.readexactly(1)
    except EOFError:
        print("EOFError")
    writer.close()
    await writer.wait_closed()
    await writer.aclose()
asyncio.run(main())
`,
    `True
b'line 1\\n' b'line 2\\n' b'exact'
2 bytearray(b're') b'st' b' 1001007' b'' b''
EOFError
`,
  );
});

test("a task whose stream always has more lets other tasks run, and other streams be read", async (t) => {
  const port = await listen(
    t,
    net.createServer((socket) => {
      const more = () => socket.writable && socket.write(Buffer.alloc(65536), more);
      socket.on("error", () => {}).on("close", () => socket.destroy());
      more();
    }),
  );
  await prints(
    `
import asyncio
async def main():
    one, _ = await asyncio.open_connection("127.0.0.1", ${port})
    other, _ = await asyncio.open_connection("127.0.0.1", ${port})
    others = 2
    async def read_without_end():
        buf = bytearray(64)
        while others:
            await one.readinto(buf)
            await one.read(64)
    async def read_some():
        nonlocal others
        for _ in range(50):
            await other.readexactly(64)
        others -= 1
    async def sleep():
        nonlocal others
        for _ in range(50):
            await asyncio.sleep_ms(1)
        others -= 1
    await asyncio.gather(read_without_end(), read_some(), sleep())
    print("all ran")
asyncio.run(main())
`,
    "all ran\n",
  );
});

test("open_connection to a port that refuses, or a name that does not resolve, raises OSError", { skip: relayResolves }, async (t) => {
  const server = net.createServer();
  const port = await listen(t, server);
  await new Promise((closed) => server.close(closed));
  await prints(
    `
import asyncio
async def main():
    for host, port in (("127.0.0.1", ${port}), ("no.such.host.invalid", 80)):
        try:
            reader, writer = await asyncio.open_connection(host, port)
            await reader.read(1)
        except OSError as e:
            print(e.errno)
asyncio.run(main())
`,
    "111\n-2\n",
  );
});

test("start_server serves many connections at once and closes", { skip: servesOthers }, async () => {
  const port = await freePort();
  const child = start([
    "-c",
    `
import asyncio
async def serve(reader, writer):
    host, port = writer.get_extra_info("peername")
    while True:
        line = await reader.readline()
        if not line:
            break
        writer.write(b"%s: " % host.encode() + line)
        await writer.drain()
    writer.close()
    await writer.wait_closed()
async def main():
    stop = asyncio.Event()
    async def first(reader, writer):
        await serve(reader, writer)
        served.append(1)
        if len(served) == 20:
            stop.set()
    served = []
    async with await asyncio.start_server(first, "127.0.0.1", ${port}, backlog=30) as server:
        print("ready")
        await stop.wait()
    print("served", len(served))
asyncio.run(main())
`,
  ]);
  await printed(child, /ready/);
  /** @param {number} i */
  const talk = (i) =>
    new Promise((resolve, reject) => {
      let text = "";
      const socket = net.connect(port, "127.0.0.1", () => {
        socket.write(`hello ${i}\nbye `);
        setTimeout(() => socket.end(`${i}\n`), 20);
      });
      socket.on("data", (bytes) => (text += bytes)).on("end", () => resolve(text)).on("error", reject);
    });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => talk(i)));
  answers.forEach((text, i) => assert.equal(text, `127.0.0.1: hello ${i}\n127.0.0.1: bye ${i}\n`));
  const { code, stdout, stderr } = await child.finished;
  assert.equal(stderr, "");
  assert.match(stdout, /served 20\n$/);
  assert.equal(code, 0);
});

test("a program is asyncio server and client of itself", async () => {
  const port = await freePort();
  await prints(
    `
import asyncio
port = ${port}
async def echo(reader, writer):
    writer.write(await reader.readexactly(50000))
    await writer.drain()
    await writer.wait_closed()
async def client(i):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data = bytes([i]) * 50000
    writer.write(data)
    await writer.drain()
    back = await reader.read()
    await writer.wait_closed()
    return back == data
async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", port)
    print(await asyncio.gather(*[client(i) for i in range(10)]))
    server.close()
    await server.wait_closed()
asyncio.run(main())
`,
    `[${Array(10).fill("True").join(", ")}]\n`,
  );
});

test("wait_for gives what is there when its time is over, value or exception", async () => {
  await prints(
    `
import asyncio, time
async def quick():
    await asyncio.sleep_ms(1)
    return "value"
async def fails():
    await asyncio.sleep_ms(1)
    raise ValueError("why")
async def stuck():
    try:
        await asyncio.sleep(60)
    finally:
        print("cancelled")
async def busy():
    await asyncio.sleep_ms(0)
    time.sleep_ms(300)  # meanwhile both times are over, that of the awaitable first
async def main():
    for awaitable in (quick(), fails(), stuck()):
        task = asyncio.create_task(busy())
        try:
            print(await asyncio.wait_for_ms(awaitable, 200))
        except (ValueError, asyncio.TimeoutError) as e:
            print(repr(e))
        await task
asyncio.run(main())
`,
    "value\nValueError('why',)\ncancelled\nTimeoutError()\n",
  );
});

test("read() to the end and readexactly() take time in proportion to what comes", { skip: noProcfs }, async (t) => {
  const bytes = Buffer.alloc(8_000_000, "x");
  const port = await listen(t, net.createServer((socket) => socket.on("error", () => {}).end(bytes)));
  const child = start([
    "-X",
    "heapsize=64m",
    "-c",
    `
import asyncio
async def main():
    for read in (lambda r: r.read(), lambda r: r.readexactly(${bytes.length})):
        reader, writer = await asyncio.open_connection("127.0.0.1", ${port})
        data = await read(reader)
        print(len(data), data.count(b"x"))
        data = None
        await writer.wait_closed()
    print("done")
    import time; time.sleep(60)
asyncio.run(main())
`,
  ]);
  t.after(() => child.kill());
  await printed(child, /8000000 8000000\n8000000 8000000\ndone/);
  const seconds = processorTime(child) / 1000;
  assert.ok(seconds < 6, `${seconds} seconds of CPU`); // each had taken 15 and more
});

test("start_server listens on addresses of IPv6", { skip: notInPage("a page's own network is 127.0.0.1") }, async (t) => {
  const probe = net.createServer();
  const port = await listen(t, probe, "::1");
  await new Promise((resolve) => probe.close(resolve));
  await prints(
    `
import asyncio
async def greet(reader, writer):
    writer.write(await reader.readline())
    await writer.drain()
    await writer.wait_closed()
async def main():
    async with await asyncio.start_server(greet, "::1", ${port}):
        reader, writer = await asyncio.open_connection("::1", ${port})
        writer.write(b"hello\\n")
        await writer.drain()
        print(await reader.read())
asyncio.run(main())
`,
    "b'hello\\n'\n",
  );
});

test("the old names work: uasyncio, get_event_loop().create_task, run_forever and stop", async () => {
  await prints(
    `
import uasyncio
from uasyncio import sleep_ms
loop = uasyncio.get_event_loop()
async def main():
    await sleep_ms(1)
    print("main")
    loop.stop()
loop.create_task(main())
loop.run_forever()
loop.close()
try:
    uasyncio.nothing
except AttributeError:
    print("AttributeError")
`,
    "main\nAttributeError\n",
  );
});

test("sleeping and streaming leave little garbage", async (t) => {
  const port = await listen(
    t,
    net.createServer((socket) => socket.on("data", (bytes) => socket.write(bytes)).on("error", () => {})),
  );
  await prints(
    `
import asyncio, gc
async def main():
    reader, writer = await asyncio.open_connection("127.0.0.1", ${port})
    buf = bytearray(100)
    async def turn():
        writer.write(buf)
        await writer.drain()
        await reader.readinto(buf)
        await asyncio.sleep_ms(0)
    await turn()
    before = gc.mem_alloc()
    for i in range(300):
        await turn()
    print((gc.mem_alloc() - before) // 300 < 400)
asyncio.run(main())
`,
    "True\n",
  );
});

test("where the server speaks first, a read that does not wait begins the handshake", async (t) => {
  const { ca, server: certificate } = cast();
  const server = await tlsServer(certificate, (socket) => socket.write("220 hello\n"));
  t.after(server.stop);
  await prints(
    `
import asyncio, ssl
async def main():
    context = ssl.create_default_context(cadata=${JSON.stringify(ca.pem)}.encode())
    reader, writer = await asyncio.open_connection("localhost", ${server.port}, ssl=context, server_hostname="localhost")
    first = reader.s.read(1) or b""
    print(first + await reader.readline())
asyncio.run(main())
`,
    "b'220 hello\\n'\n",
  );
});
