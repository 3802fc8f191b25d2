// installMicroPython: sockets, TLS and asyncio for a MicroPython that somebody else loaded, in
// Node, where nothing may wait.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";

import { awaitRuns } from "../../web/browser/top_level.js";
import { installMicroPython } from "../../web/index.node.js";
import { cast } from "../support/pki.js";
import { httpsServer } from "../support/servers.js";
import { closedPort, echoServer, tcpServer } from "../support/tcp_servers.js";

/**
 * @import { Interpreter } from "@micropython/micropython-webassembly-pyscript"
 * @import { Installation, Observation } from "../../types/index.js"
 */

const root = new URL("../..", import.meta.url);
const { ca, server: certificate, unknownAuthority } = cast();

/** @type {Interpreter} */
let mp;
/** @type {Installation} */
let installation;
/** @type {string} */
let out;
/** @type {Map<number, Observation>} */
const seen = new Map();

/** @param {string} code */
async function printed(code) {
  out = "";
  await mp.runPythonAsync(code);
  await null; // what was printed last is on its way
  return out;
}

describe("in a MicroPython that nothing may block", () => {
  before(async () => {
    mp = await loadMicroPython({ pystack: 16 * 1024, heapsize: 4 * 1024 * 1024, linebuffer: false });
    installation = await installMicroPython(mp, { stdout: (text) => (out += text), onConnection: (connection) => seen.set(connection.id, connection) });
  });
  after(() => installation.close());

  test("load_cert_chain() tells of a bad key before it tells of a certificate's type", async () => {
    const text = await printed(`
import tls
context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
for certificate, key in ((None, b"bad"), (None, bytes.fromhex("${Buffer.from(certificate.keyDer).toString("hex")}"))):
  try:
    context.load_cert_chain(certificate, key)
  except Exception as e:
    print(type(e).__name__, e)
`);
    assert.equal(text, "ValueError invalid key\nTypeError can't convert 'NoneType' object to str implicitly\n");
  });

  test("create_default_context() has Mozilla's authorities, who do not know everybody", async (t) => {
    const server = await httpsServer(certificate);
    t.after(server.stop);
    const text = await printed(`
import asyncio, ssl
try:
  _, writer = await asyncio.open_connection("localhost", ${server.port}, ssl=ssl.create_default_context(), server_hostname="localhost")
  writer.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
  await writer.drain()
except ValueError as e:
  print(str(e).strip())
`);
    assert.equal(text, "The certificate is not correctly signed by the trusted CA\n");
  });

  test("asyncio talks TLS with a verified server, and refuses another one", async (t) => {
    const [known, unknown] = [await httpsServer(certificate), await httpsServer(unknownAuthority)];
    t.after(() => Promise.all([known.stop(), unknown.stop()]));
    const text = await printed(`
import asyncio, ssl
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ctx.verify_mode = ssl.CERT_REQUIRED
ctx.load_verify_locations(cadata=${JSON.stringify(ca.pem)}.encode())
async def get(port):
  r, w = await asyncio.open_connection("localhost", port, ssl=ctx, server_hostname="localhost")
  w.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
  await w.drain()
  body = (await r.read()).split(b"\\r\\n\\r\\n")[1]
  w.close()
  await w.wait_closed()
  return body
print(asyncio.run(get(${known.port})))
try:
  asyncio.run(get(${unknown.port}))
except ValueError as e:
  print("refused:", str(e).strip())
`);
    assert.match(text, /^b'hello\\n'\nrefused: The certificate is not correctly signed by the trusted CA\n$/);
  });

  test("pre-shared keys, in both roles", async () => {
    const port = await closedPort();
    const text = await printed(`
import asyncio, tls
client = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
client.verify_mode = tls.CERT_NONE
print(client.psk_identity, client.psk_key, client.server_psk_keys)
client.psk_identity, client.psk_key = "me", b"secret"
for name, value, error in (("psk_key", b"k" * 49, OSError), ("psk_key", 5, TypeError), ("psk_identity", 5, TypeError)):
  try: setattr(client, name, value)
  except error: print(client.psk_identity, client.psk_key)
server = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
served = 0
async def serve(r, w):
  global served
  try:
    w.write(await r.readline())
    await w.drain()
  except OSError as e: print("server", e)
  w.close()
  await w.wait_closed()
  served += 1
async def main():
  listener = await asyncio.start_server(serve, "127.0.0.1", ${port}, ssl=server)
  for server.server_psk_keys in ({b"me": bytearray(b"secret")}, {}, 5):
    try:
      r, w = await asyncio.open_connection("127.0.0.1", ${port}, ssl=client)
      w.write(b"hello\\n")
      await w.drain()
      print(await r.readline(), w.s.cipher())
    except OSError as e: print("client", e)
    w.close()
    await w.wait_closed()
    await asyncio.sleep(0)
  while served < 3: await asyncio.sleep(0)
  listener.close()
asyncio.run(main())
`);
    const [settings, ...lines] = text.trimEnd().split(/\n(?=b'|server|client)/);
    assert.equal(settings, "None None None\nme b'secret'\nme b'secret'\nme b'secret'");
    // Which of the two ends first, nobody knows.
    const unknown = ["client (-30592, 'MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE')", "server (-27776, 'MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY')"];
    assert.deepEqual(lines.sort(), [
      "b'hello\\n' ('TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256', 'TLSv1.2')",
      unknown[0],
      unknown[0],
      unknown[1],
      unknown[1],
    ]);
  });

  test("a call that would have to wait names the one that need not", async (t) => {
    const silent = await tcpServer(() => {});
    t.after(silent.close);
    const text = await printed(`
import socket, select, ssl, asyncio
def tells(call, *args):
  try: call(*args)
  except OSError as e: print(e.errno, e.args[1].split(": use ")[1])
s = socket.socket()
tells(s.connect, ("127.0.0.1", ${silent.port}))
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
tells(listener.accept)
r, w = await asyncio.open_connection("127.0.0.1", ${silent.port})
r.s.setblocking(True)
tells(r.s.read, 1)
tells(r.s.recv, 1)
p = select.poll()
p.register(r.s, select.POLLIN)
print(p.poll(0))
tells(p.poll, 100)
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
tells(ctx.wrap_socket, r.s)
`);
    assert.equal(
      text,
      "35 asyncio.open_connection()\n35 asyncio.start_server()\n35 asyncio's streams\n35 asyncio's streams\n[]\n" +
        "35 asyncio, or look with a timeout of 0\n35 asyncio.open_connection(host, port, ssl=context), or do_handshake_on_connect=False\n",
    );
  });

  test("non-blocking sockets work, one look at a time", async (t) => {
    const echo = await echoServer();
    t.after(echo.close);
    const text = await printed(`
import socket, select, asyncio
s = socket.socket()
s.setblocking(False)
try: s.connect(("127.0.0.1", ${echo.port}))
except OSError as e: print(e.errno)
p = select.poll()
p.register(s, select.POLLOUT)
while not p.poll(0): await asyncio.sleep_ms(1)
print(s.read(4), s.write(b"ping"))
p.modify(s, select.POLLIN)
while not p.poll(0): await asyncio.sleep_ms(1)
print(s.read(4))
s.close()
refused = socket.socket()
refused.setblocking(False)
try: refused.connect(("127.0.0.1", ${await closedPort()}))
except OSError as e: print(e.errno)
p = select.poll()
p.register(refused, select.POLLOUT)
while not p.poll(0): await asyncio.sleep_ms(1)
try: refused.write(b"x")
except OSError as e: print(e.errno)
`);
    assert.equal(text, "115\nNone 4\nb'ping'\n115\n111\n");
  });

  test("a server and its clients share the thread, and a port is taken once", async () => {
    const text = await printed(`
import asyncio
port = ${await closedPort()}
async def upper(r, w):
  while True:
    line = await r.readline()
    if not line: break
    w.write(line.upper())
    await w.drain()
  await w.wait_closed()
async def client(port, i):
  r, w = await asyncio.open_connection("127.0.0.1", port)
  for j in range(3):
    w.write(b"line %d of %d\\n" % (j, i))
    await w.drain()
    assert await r.readline() == b"LINE %d OF %d\\n" % (j, i)
  await w.wait_closed()
async def main():
  server = await asyncio.start_server(upper, "127.0.0.1", port)
  await asyncio.gather(*[client(port, i) for i in range(20)])
  try: await asyncio.start_server(upper, "127.0.0.1", port)
  except OSError as e: print(e.errno)
  server.close()
  await server.wait_closed()
  return "served"
print(asyncio.run(main()))
`);
    assert.equal(text, "98\nserved\n");
  });

  test("tasks, timeouts, events, locks and JavaScript's promises go together", async () => {
    mp.registerJsModule("page", {
      /** @param {unknown} value */
      later: (value) => new Promise((resolve) => setTimeout(resolve, 5, value)),
      fails: () => Promise.reject(new TypeError("no")),
    });
    const text = await printed(`
import asyncio, page
from jsffi import JsException
async def number(x):
  await asyncio.sleep_ms(5)
  return x
async def promise(): return await page.later("kept")
async def broken(): await page.fails()
async def main():
  print(await asyncio.gather(number(1), promise(), number(2)))
  try: await asyncio.wait_for(asyncio.Event().wait(), 0.01)
  except asyncio.TimeoutError: print("timed out")
  print(await asyncio.wait_for(promise(), 5))
  try: await broken()
  except JsException as e: print(e.args[1:])
  task = asyncio.create_task(asyncio.Event().wait())
  await asyncio.sleep(0)
  task.cancel()
  try: await task
  except asyncio.CancelledError: print("cancelled")
  async with asyncio.Lock(): print("locked")
asyncio.run(main())
print(await number(3), await page.later(4))
flag = asyncio.ThreadSafeFlag()
async def wait_flag(): await flag.wait(); return "flag"
waiting = asyncio.create_task(wait_flag())
await asyncio.sleep_ms(1)
flag.set()
print(await waiting)
`);
    assert.equal(text, "[1, 'kept', 2]\ntimed out\nkept\n('TypeError', 'no')\ncancelled\nlocked\n3 4\nflag\n");
  });

  test("connections are told of", async (t) => {
    const https = await httpsServer(certificate);
    t.after(https.stop);
    seen.clear();
    await printed(`
import asyncio
r, w = await asyncio.open_connection("localhost", ${https.port}, ssl=True)
w.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
await w.drain()
await r.read()
await w.wait_closed()
`);
    const [{ host, closed, tls }] = [...seen.values()];
    assert.equal(host, "localhost");
    assert.equal(tls?.version, "TLSv1.3");
    assert.ok(closed);
  });

  test("programs of several at a time await without disturbing each other", async () => {
    mp.runPython("import asyncio\nasync def after(ms, x):\n  await asyncio.sleep_ms(ms)\n  return x");
    const results = await Promise.all([20, 5, 10].map((ms) => mp.runPythonAsync(`r${ms} = await after(${ms}, ${ms})`).then(() => mp.globals.get(`r${ms}`))));
    assert.deepEqual(results, [20, 5, 10]);
    assert.equal(await mp.globals.get("after")(1, "from JavaScript"), "from JavaScript");
  });

  test("the event loop stays responsive while tasks never wait", async () => {
    mp.runPython("import asyncio\nspinning = True\nasync def spin():\n  while spinning: await asyncio.sleep(0)\ntask = asyncio.create_task(spin())");
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 1));
    await printed("await asyncio.sleep_ms(1)\nspinning = False\nawait task");
    assert.equal(mp.globals.get("spinning"), false);
  });

  test("what a task does not catch is reported, and the rest goes on", async () => {
    const text = await printed(`
import asyncio
async def fails(): raise ValueError("unseen")
asyncio.create_task(fails())
await asyncio.sleep_ms(5)
print("on")
`);
    assert.match(text, /^Task exception wasn't retrieved\n[^]*ValueError: unseen\non\n$/);
  });

  test("interrupt() raises KeyboardInterrupt in what is awaited, and sys.exit() in a task ends it", async () => {
    const waiting = printed("import asyncio\ntry: asyncio.run(asyncio.Event().wait())\nexcept KeyboardInterrupt: print('interrupted')");
    await new Promise((resolve) => setTimeout(resolve, 20));
    installation.interrupt();
    assert.equal(await waiting, "interrupted\n");
    await assert.rejects(printed("import asyncio, sys\nasync def main(): sys.exit(3)\nasyncio.run(main())"), { type: "SystemExit" });
  });
});

// MicroPython's state is global, so that each of these needs a process.
describe("an installation", () => {
  const begin = `
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";
import { installMicroPython, loopback } from "./web/index.node.js";
const load = (options) => loadMicroPython({ linebuffer: false, ...options });
const why = (promise) => promise.then(() => console.log("no error"), (error) => console.log(error.message));
`;
  /** @param {string} code @returns {Promise<string>} What the program prints. */
  const node = (code) =>
    new Promise((resolve) => {
      execFile(process.execPath, ["--input-type=module", "-e", begin + code], { cwd: root, timeout: 30_000 }, (error, stdout, stderr) => resolve(stdout + stderr));
    });

  test("uses the transport it is given, and no other", async () => {
    assert.equal(
      await node(`
const network = loopback();
const listener = await network.listen({ port: 7 });
listener.accept().then(async (connection) => connection.write(await connection.read()));
const mp = await load();
await installMicroPython(mp, { transport: network, stdout: (text) => process.stdout.write(text) });
await mp.runPythonAsync(\`
import asyncio
r, w = await asyncio.open_connection("anything.example", 7)
w.write(b"to itself")
await w.drain()
print(await r.read(9))
try:
  r, w = await asyncio.open_connection("anything.example", 8)
  await r.read(1)
except OSError as e: print(e)
\`);
`),
      "b'to itself'\n[Errno 111] ECONNREFUSED\n",
    );
  });

  test("a fault of this package is an InternalError with its stack, and no OSError", async () => {
    const output = await node(`
const { StreamSocket } = await import("./web/net/stream.js");
const network = loopback();
const listener = await network.listen({ port: 7 });
const take = async () => { for (let each; (each = await listener.accept()); ) each.write(new Uint8Array([1])); };
take();
const mp = await load();
await installMicroPython(mp, { transport: network, stdout: (text) => process.stdout.write(text) });
function broken() { return null.length; }
const program = (arguments_) => mp.runPythonAsync(\`
import asyncio, ssl, tls
context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
context.verify_mode = tls.CERT_NONE
try:
  r, w = await asyncio.open_connection("a.example", 7\${arguments_})
  await r.read(1)
except Exception as e: print(type(e).__name__, e)
\`);
StreamSocket.prototype.recvInto = broken;
await program("");
await program(", ssl=context");
process.exit();
`);
    const faults = output.split("InternalError ").slice(1);
    assert.equal(faults.length, 2, output);
    for (const fault of faults) assert.match(fault, /^TypeError: Cannot read properties of null.*\n +at .*broken /);
    assert.ok(!output.includes("OSError"), output);
  });

  test("is one to a thread, with a clear error for the second", async () => {
    assert.equal(
      await node(`
const first = await load();
await why(installMicroPython({}));
await why(installMicroPython(first, { mode: "isolated" }));
await why(installMicroPython(first, { mode: "quick" }));
await why(installMicroPython(first, { stdOut() {} }));
await why(installMicroPython(first, { transport: { carrier: "pigeon" } }));
await why(installMicroPython(first, { transport: { connect() {} } }));
await why(installMicroPython(first));
await why(installMicroPython(first));
await why(installMicroPython(await load()));
process.exit();
`),
      `installMicroPython() takes what loadMicroPython() resolves with
mode "isolated" needs a worker of a cross-origin isolated page
mode is "auto", "isolated" or "async", not "quick"
no such option: stdOut; there are transport, mode, engine, roots, verify, stdout, stderr, stdin, onConnection, signal
a transport is described by one of wisp, websockify, wsproxy and module; got carrier
a transport needs a method close()
no error
micropython-ssl was installed in this MicroPython already
another MicroPython was loaded on this thread, and its state is global: run each one in a worker of its own
`,
    );
  });

  test("ends by its signal, and its sockets with it", async (t) => {
    const echo = await echoServer();
    t.after(echo.close);
    assert.equal(
      await node(`
const abort = new AbortController();
const mp = await load();
await installMicroPython(mp, { signal: abort.signal });
await mp.runPythonAsync(\`
import asyncio
r, w = await asyncio.open_connection("127.0.0.1", ${echo.port})
w.write(b"x")
await w.drain()
print(await r.read(1))
\`);
abort.abort();
await why(installMicroPython(mp, { signal: abort.signal }));
`),
      "b'x'\nThis operation was aborted\n",
    );
  });

  test("refuses to come after tasks that run already", async () => {
    assert.equal(
      await node(`
const mp = await load();
mp.runPython("import asyncio\\nasync def f():\\n  await asyncio.sleep(60)\\nt = asyncio.create_task(f())");
await installMicroPython(mp).catch((error) => console.log(error.message.split("\\n").at(-2)));
process.exit();
`),
      "RuntimeError: tasks of asyncio run already: install micropython-ssl before they do\n",
    );
  });
});

test("asyncio.run() is awaited at a program's top level, and only there", () => {
  /** @param {string} code */
  const awaited = (code) => (awaitRuns(code).match(/\(await [\w.()]+\)/g) ?? []).map((found) => found.slice(1, -1));
  assert.deepEqual(awaited("import asyncio\nasyncio.run(main())\n"), ["await asyncio.run(main())"]);
  assert.equal(awaitRuns("print(asyncio.run(main(f(x), [1])).count(1), 2)"), "print((await asyncio.run(main(f(x), [1]))).count(1), 2)");
  assert.equal(awaitRuns("asyncio.run(asyncio.run(f())())"), "(await asyncio.run((await asyncio.run(f()))()))");
  assert.deepEqual(awaited("if __name__ == '__main__':\n    try:\n        asyncio.run(main())\n    finally: pass"), ["await asyncio.run(main())"]);
  assert.deepEqual(awaited("import uasyncio as aio\nx = aio.run(f())"), ["await aio.run(f())"]);
  assert.deepEqual(awaited("from asyncio import sleep, run as go\ngo(f())"), ["await go(f())"]);
  assert.deepEqual(awaited("loop = asyncio.get_event_loop()\nloop.run_until_complete(f())\nasyncio.get_event_loop().run_forever()"), [
    "await loop.run_until_complete(f())",
    "await asyncio.get_event_loop().run_forever()",
  ]);
  for (const code of [
    "def main():\n    asyncio.run(f())\n\nmain()",
    "class A:\n  x = asyncio.run(f())\n",
    "async def f():\n\n  # comment\n  asyncio.run(g())\n",
    "def f(): asyncio.run(g())\n",
    "call = lambda: asyncio.run(g())",
    "'asyncio.run(f())'\n\"\"\"\nasyncio.run(f())\n\"\"\"\n# asyncio.run(f())",
    "from asyncio import run",
    "import subprocess\nsubprocess.run(x)",
  ]) assert.equal(awaitRuns(code), code);
  assert.equal(awaitRuns("await asyncio.run(f())"), "await asyncio.run(f())");
  assert.deepEqual(awaited("def f():\n  pass\nasyncio.run(f())"), ["await asyncio.run(f())"]);
});
