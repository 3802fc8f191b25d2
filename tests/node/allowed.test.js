/** `--allow` and `--deny-net`: what a program may reach on the network. */

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { listen, run } from "../support/runner.js";

/** @import { TestContext } from "node:test" */

const CONNECT = `
import socket, sys
def connect(host, port):
    try:
        sock = socket.socket()
        sock.connect(socket.getaddrinfo(host, port, socket.AF_INET)[0][-1])
        print("connected")
    except OSError as error:
        print(error, error.errno)
for target in sys.argv[1:]:
    host, port = target.split(":")
    connect(host, int(port))
`;

const answer = () => createServer((socket) => socket.end());
/** @param {string[]} options @param {...string} targets */
const connect = (options, ...targets) => run([...options, "-c", CONNECT, ...targets]);
/** @param {string} what */
const refused = (what) => `[Errno 13] EACCES: ${what} is not allowed to this program (--allow) 13\n`;

test("a program reaches what --allow names, and nothing else", async (t) => {
  const port = await listen(t, answer());
  const other = await listen(t, answer());
  const { stdout, stderr } = await connect(["--allow", `127.0.0.1:${port}`], `127.0.0.1:${port}`, `127.0.0.1:${other}`, "192.0.2.1:80", `localhost:${port}`);
  assert.equal(stderr, "");
  assert.equal(stdout, `connected\n${refused(`127.0.0.1:${other}`)}${refused("192.0.2.1:80")}${refused("localhost")}`);
});

test("a name that --allow has is reached by its addresses, at the ports that it has", async (t) => {
  const port = await listen(t, answer());
  const { stdout } = await connect(["--allow", `localhost:${port}`], `localhost:${port}`, "localhost:1", "example.com:443");
  assert.equal(stdout, `connected\n${refused("localhost:1 (127.0.0.1)")}${refused("example.com")}`);
});

test("--allow may be repeated, and has the relay's grammar", async (t) => {
  const port = await listen(t, answer());
  const { stdout } = await connect(["--allow", "example.com:443", "--allow=127.0.0.0/8:1-65535"], `127.0.0.1:${port}`);
  assert.equal(stdout, "connected\n");
});

test("with --deny-net a program reaches nothing", async (t) => {
  const port = await listen(t, answer());
  const { stdout } = await connect(["--deny-net"], `127.0.0.1:${port}`, "localhost:80");
  assert.equal(stdout, refused(`127.0.0.1:${port}`) + refused("localhost"));
});

test("--deny-net beside --allow is refused", async () => {
  const { code, stderr } = await run(["--allow=127.0.0.1:80", "--deny-net", "-c", ""]);
  assert.equal(code, 1);
  assert.match(stderr, /^micropython-ssl: --deny-net and --allow contradict each other\n/);
});

test("datagrams go only to what --allow names, and come only from there", async (t) => {
  const echo = createSocket("udp4");
  const stranger = await echoingDatagrams(t);
  // The stranger's datagram is there before the answer.
  echo.on("message", (bytes, { port, address }) => stranger.send("from a stranger", port, address, () => echo.send(bytes, port, address)));
  echo.bind(0, "127.0.0.1");
  await once(echo, "listening");
  t.after(() => echo.close());
  const program = `
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(5)
sock.sendto(b"hello", ("127.0.0.1", ${echo.address().port}))
print(sock.recvfrom(100))
try:
    sock.sendto(b"hello", ("127.0.0.1", ${stranger.address().port}))
except OSError as error:
    print(error, error.errno)
`;
  const { stdout, stderr } = await run(["--allow", `127.0.0.1:${echo.address().port}`, "-c", program]);
  assert.equal(stderr, "");
  assert.equal(stdout, `(b'hello', ('127.0.0.1', ${echo.address().port}))\n${refused(`127.0.0.1:${stranger.address().port}`)}`);
});

test("a program joins only groups that --allow names", async () => {
  const program = `
import socket
for early in (True, False):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if early:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, bytes([239, 1, 2, 3, 127, 0, 0, 1]))
        sock.bind(("0.0.0.0", 0))
        if not early:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, bytes([239, 1, 2, 3, 127, 0, 0, 1]))
        print("joined")
    except OSError as error:
        print(error, error.errno)
`;
  const { stdout, stderr } = await run(["--deny-net", "-c", program]);
  assert.equal(stderr, "");
  assert.equal(stdout, refused("listening on 239.1.2.3:0").repeat(2));
  assert.equal((await run(["--allow", "239.0.0.0/8:*", "-c", program])).stdout, "joined\n".repeat(2));
});

test("a program listens only at what --allow names", async () => {
  const program = `
import socket
for address in (("127.0.0.1", 0), ("0.0.0.0", 0)):
    sock = socket.socket()
    try:
        sock.bind(address)
        sock.listen(1)
        print("listens")
    except OSError as error:
        print(error, error.errno)
`;
  const { stdout, stderr } = await run(["--allow", "127.0.0.1:*", "-c", program]);
  assert.equal(stderr, "");
  assert.equal(stdout, `listens\n${refused("listening on 0.0.0.0:0")}`);
});

test("errors of the machine's own network stay as they are on a board", async () => {
  const program = `
import socket
sock = socket.socket()
try:
    sock.connect(("255.255.255.255", 80))
except OSError as error:
    print(len(error.args))
`;
  assert.equal((await run(["-c", program])).stdout, "1\n");
});

test("what is no target is refused with its reason", async () => {
  const { code, stderr } = await run(["--allow", "example.com", "-c", "print(1)"]);
  assert.equal(code, 1);
  assert.match(stderr, /^micropython-ssl: --allow: not a target: example\.com \(expected host:port/);
});

/** @param {TestContext} t */
async function echoingDatagrams(t) {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { port, address }) => socket.send(bytes, port, address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  t.after(() => socket.close());
  return socket;
}
