/** Waiting for many streams at once, and what happens to a stream while it is waited for. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { TLS_STREAMS } from "../support/asyncio_programs.js";
import { cast } from "../support/pki.js";
import { freePort } from "../support/programs.js";
import { folder, noProcfs, printed, residentMemory, run, runCode, start } from "../support/runner.js";

const { ca, server: certificate } = cast();
const files = { "ca.pem": ca.pem, "chain.pem": certificate.chainPem, "key.pem": certificate.keyPem };
const MB = 1024 * 1024;

/**
 * Runs a program in a folder with certificates; what it printed.
 *
 * @param {import("node:test").TestContext} t
 * @param {string} source
 */
async function output(t, source) {
  const { code, stdout, stderr } = await run(["-c", source], { cwd: folder(t, files), limit: 120_000 });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return stdout;
}

test("a stream that is polled ever so often without a wait is waited for once", { skip: noProcfs }, async (t) => {
  const child = start(["-c", `
import gc, select, socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1)
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(("127.0.0.1", 0))
poller = select.poll()
poller.register(listener, select.POLLIN)
poller.register(datagrams, select.POLLIN)
def poll(count):
    for number in range(count):
        for stream, event in poller.ipoll(0):
            print("ready", stream)
bytearray(5_000_000) # so that all of the heap is in memory
gc.collect()
poll(1000)
print("began")
sys.stdin.readline()
poll(300_000)
print(poller.poll(100), select.select([listener, datagrams], [], [], 0.1))
sys.stdin.readline()
`]);
  t.after(() => child.kill("SIGKILL"));
  await printed(child, /began/);
  const resident = residentMemory(child);
  child.stdin.write("\n");
  await printed(child, /^\[\] \(\[\], \[\], \[\]\)$/m);
  assert.ok(residentMemory(child) < resident + MB, `${residentMemory(child)} after ${resident}`);
  child.stdin.end("\n");
  assert.equal((await child.finished).code, 0);
});

test("idle servers do not disturb a task that is busy for long", async () => {
  const { code, stdout, stderr } = await runCode(`
import asyncio
async def main():
    for number in range(5):
        await asyncio.start_server(None, "127.0.0.1", 0)
    for turn in range(25_000):
        await asyncio.sleep_ms(0)
    await asyncio.sleep_ms(50)
    print("done")
asyncio.run(main())
`, { limit: 120_000 });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.equal(stdout, "done\n");
});

test("a task that is always busy does not keep others from their streams", async () => {
  const port = await freePort();
  const { stdout, stderr } = await runCode(`
import asyncio
async def busy():
    while True:
        await asyncio.sleep_ms(0)
async def answer(reader, writer):
    writer.write(await reader.readline())
    await writer.drain()
async def main():
    await asyncio.start_server(answer, "127.0.0.1", ${port})
    asyncio.create_task(busy())
    reader, writer = await asyncio.open_connection("127.0.0.1", ${port})
    writer.write(b"hello\\n")
    await writer.drain()
    print(await reader.readline())
asyncio.run(main())
`);
  assert.equal(stderr, "");
  assert.equal(stdout, "b'hello\\n'\n");
});

test("a hundred TLS clients and their server in one program", async (t) => {
  const port = await freePort();
  assert.equal(await output(t, `${TLS_STREAMS}
async def visit(number):
    await asyncio.sleep_ms(number)
    stream = await connect(${port})
    for turn in range(5):
        await ask(stream, 1)
        await asyncio.sleep_ms(20)
async def main():
    await asyncio.start_server(answer, "127.0.0.1", ${port}, backlog=128, ssl=server)
    await asyncio.gather(*[visit(number) for number in range(100)])
    print("answered")
asyncio.run(main())
`), "answered\n");
});

/* What is scheduled runs before a wait, and may close what is to be waited for. */
const CLOSED_WHILE = {
  "a read": ["pair()[0]", "stream.recv(1)", "OSError 9"],
  "a write": ["pair()[0]", "stream.write(bytes(7_000_000))", "OSError 9"],
  "an accept": ["listen()", "stream.accept()", "OSError 9"],
  "a read of a datagram": ["datagram()", "stream.recvfrom(1)", "OSError 9"],
  "a read over TLS": ["wrapped(ssl.PROTOCOL_TLS_CLIENT, pair()[0])", "stream.read(1)", "OSError -28928"],
  "a write over TLS": ["wrapped(ssl.PROTOCOL_TLS_CLIENT, pair()[0])", "stream.write(b'x')", "OSError -28928"],
  "a handshake": ["pair()[0]", "ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(stream)", "OSError 9"],
  "a read over DTLS": ["wrapped(ssl.PROTOCOL_DTLS_CLIENT, datagram())", "stream.read(1)", "OSError -28928"],
  "a poll": ["pair()[0]", "[event for _, event in poller(stream).poll(10_000)]", "[32]"],
  "a select": ["pair()[0]", "len(select.select([stream], [], [stream], 10)[2])", "1"],
};

for (const [what, [stream, operation, result]] of Object.entries(CLOSED_WHILE)) {
  test(`${what} ends when what is scheduled closes its stream`, async () => {
    const port = await freePort();
    const { code, stdout, stderr } = await runCode(`
import micropython, select, socket, ssl
kept = []
def listen():
    listener = socket.socket()
    listener.bind(("127.0.0.1", ${port}))
    listener.listen(5)
    return listener
def pair():
    listener = listen()
    kept.append(socket.socket())
    kept[-1].connect(("127.0.0.1", ${port}))
    return listener.accept()
def datagram():
    kept.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    kept[-1].bind(("127.0.0.1", ${port}))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("127.0.0.1", ${port}))
    return sock
def wrapped(protocol, sock):
    context = ssl.SSLContext(protocol)
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(sock, do_handshake_on_connect=False)
def poller(stream):
    poller = select.poll()
    poller.register(stream, select.POLLIN)
    return poller
def close(stream):
    stream.close()
def attempt(stream):
    micropython.schedule(close, stream)
    return ${operation}
stream = ${stream}
try:
    print(attempt(stream))
except OSError as error:
    print("OSError", error.errno)
`);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.equal(stdout, `${result}\n`);
  });
}
