/** Reads of few bytes by a program: what they return, and what they take. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { cast } from "../support/pki.js";
import { folder, runCode } from "../support/runner.js";
import { tlsServer } from "../support/servers.js";

/** @import { TestContext } from "node:test" */

const people = cast();
/** A record of many lines, two short ones, and a long line. */
const RECORDS = [Array.from({ length: 400 }, (_, line) => `line ${line}\n`).join(""), "short", ", and on\n", "x".repeat(3000), "\nlast\n"];
/** @type {Awaited<ReturnType<typeof tlsServer>>} */
let server;

before(async () => {
  server = await tlsServer(people.server, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (asked) => {
      if (String(asked) === "echo") return socket.write("echo");
      for (const record of RECORDS) socket.write(record);
      if (String(asked) === "all") socket.end();
    });
  });
});
after(() => server.stop());

/**
 * Runs Python with `connect()`, which gives a connected SSLSocket, and `TEXT`, what the server says
 * when it is asked for "all".
 *
 * @param {TestContext} t
 * @param {string} source
 */
async function python(t, source) {
  const cwd = folder(t, { "ca.pem": people.ca.pem, text: RECORDS.join("") });
  const prelude = `
import gc, select, socket, ssl
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ctx.verify_mode = ssl.CERT_REQUIRED
ctx.load_verify_locations(cafile="ca.pem")
with open("text", "rb") as file:
    TEXT = file.read()
def connect(ask="all"):
    s = socket.socket()
    s.connect(socket.getaddrinfo("127.0.0.1", ${server.port})[0][-1])
    s = ctx.wrap_socket(s, server_hostname="localhost")
    s.write(ask)
    return s
`;
  const { code, stdout, stderr } = await runCode(prelude + source, { cwd });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return stdout.trimEnd().split("\n");
}

for (const version of ["TLSv1_2", "TLSv1_3"]) {
  test(`small reads of all forms get every byte once, over ${version}`, async (t) => {
    const lines = await python(t, `
ctx.minimum_version = ctx.maximum_version = ssl.TLSVersion.${version}
def into(s, size):
    buf = bytearray(size)
    return bytes(buf[:s.readinto(buf)])
FORMS = [lambda s: s.read(1), lambda s: s.recv(3), lambda s: s.readline(), lambda s: into(s, 2), lambda s: s.read(64), lambda s: s.recv(65),
         lambda s: s.readline(5), lambda s: into(s, 100)]
for first in range(len(FORMS)):
    s = connect()
    got = b""
    while True:
        read = FORMS[(first + len(got)) % len(FORMS)]
        data = read(s)
        if not data:
            break
        got += data
    print(got == TEXT)
    s.close()
s = connect()
print(s.read(1) + s.read() == TEXT)
s = connect()
print(b"".join([s.read(1) for _ in TEXT]) == TEXT, s.read(1), s.readline(), s.recv(1))
`);
    assert.deepEqual(lines, [...Array(9).fill("True"), "True b'' b'' b''"]);
  });
}

test("asyncio's streams wait only for what was not received yet", async (t) => {
  const lines = await python(t, `
import asyncio
async def main():
    reader, writer = await asyncio.open_connection("127.0.0.1", ${server.port}, ssl=ctx, server_hostname="localhost")
    for ask in ("some", "all"):
        writer.write(ask)
        await writer.drain()
        got = b""
        while len(got) < len(TEXT):
            got += await reader.readexactly(1)
            got += await reader.readline()
            got += await reader.read(2) if len(got) < len(TEXT) - 1 else b""
        print(got == TEXT)
    print(await reader.read(1))
asyncio.run(main())
`);
  assert.deepEqual(lines, ["True", "True", "b''"]);
});

test("a poll sees the rest of a record, and a non-blocking socket returns it", async (t) => {
  const lines = await python(t, `
s = connect("some")
poller = select.poll()
poller.register(s, select.POLLIN)
s.read(1)
s.setblocking(False)
got = 1
while got < len(TEXT):
    if poller.poll(1000) == []:
        print("not readable at", got)
        break
    data = s.read(1)
    got += len(data or b"")
print(got == len(TEXT), poller.poll(50), s.read(1), s.recv(1), s.readline(), s.readinto(bytearray(1)))
s.setblocking(True)
s.write("echo")
print(s.read(1), len(poller.poll(0)), s.read(3), poller.poll(50))
`);
  assert.deepEqual(lines, ["True [] None None None None", "b'e' 1 b'cho' []"]);
});

test("nothing is read after close, whatever was there", async (t) => {
  const lines = await python(t, `
s = connect()
s.read(1)
s.close()
for read in (lambda: s.read(1), lambda: s.recv(1), lambda: s.readline(), lambda: s.readinto(bytearray(1))):
    try:
        print(read())
    except OSError as error:
        print(error.errno)
t = connect()
print(t.read(4), t.readline())
`);
  assert.deepEqual(lines, ["-28928", "-28928", "-28928", "-28928", "b'line' b' 0\\n'"]);
});

test("a small read takes no memory but its own", async (t) => {
  const lines = await python(t, `
s = connect()
one = bytearray(1)
for name, read in (("read", lambda: s.read(1)), ("recv", lambda: s.recv(1)), ("readinto", lambda: s.readinto(one))):
    read()
    before = gc.mem_alloc()
    for _ in range(500):
        read()
    print(name, (gc.mem_alloc() - before) // 500 <= 48)
`);
  assert.deepEqual(lines, ["read True", "recv True", "readinto True"]);
});
