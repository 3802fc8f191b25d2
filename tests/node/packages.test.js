/**
 * `mip`: packages from an index, and programs that use them. The index of these tests has what PyPI
 * has.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { get } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { pypiSource } from "../../scripts/lib/pypi-source.js";
import { RECEIVED, mqttClient, mqttProgram } from "../support/mqtt_program.js";
import { packageIndex } from "../support/package_index.js";
import { cast } from "../support/pki.js";
import { freePort, missing, start as startProgram } from "../support/programs.js";
import { INTERPRETER, folder, listen, run } from "../support/runner.js";
import { httpsServer, mosquitto } from "../support/servers.js";

/**
 * @import { TestContext } from "node:test"
 * @import { Certificate } from "../support/pki.js"
 */

const { ca, server: certificate, unknownAuthority } = cast();
const umqttSimple = await pypiSource("micropython-umqtt.simple");
const umqttRobust = await pypiSource("micropython-umqtt.robust");
const urequests = await pypiSource("micropython-urequests");
const microdot = await pypiSource("microdot");
/** @param {...unknown} sources */
const unless = (...sources) => (sources.every(Boolean) ? false : "PyPI cannot be reached");

/**
 * An index over HTTPS, and what a program needs to trust it.
 *
 * @param {TestContext} t
 * @param {Parameters<typeof packageIndex>[0]} packages
 * @param {Certificate} [identity]
 */
async function index(t, packages, identity = certificate) {
  const server = await httpsServer(identity, { handler: packageIndex(packages) });
  t.after(server.stop);
  return `https://localhost:${server.port}/`;
}

/**
 * A project's folder, whose `lib` mip installs to.
 *
 * @param {TestContext} t
 * @param {Record<string, string>} [files]
 */
function project(t, files = {}) {
  const cwd = folder(t, { ...files, "ca.pem": ca.pem });
  return { cwd, env: { SSL_CERT_FILE: join(cwd, "ca.pem"), MICROPYPATH: `.frozen:${join(cwd, "lib")}` } };
}

test("-m mip install puts a package and what it depends on into the lib folder of sys.path", async (t) => {
  const address = await index(t, {
    greeting: { files: { "greeting/__init__.py": "from words import WORD\n", "greeting/hello.py": "from . import WORD\nprint(WORD)\n" }, deps: ["words"] },
    words: { files: { "words.py": "WORD = 'hello'\n" } },
  });
  const options = project(t);
  const installed = await run(["-m", "mip", "install", "--index", address, "greeting"], options);
  assert.equal(installed.stderr, "");
  assert.equal(installed.code, 0);
  assert.match(installed.stdout, /^Installing greeting to .*\/lib\n(Writing .*\n){3}Done\n$/);
  const { code, stdout, stderr } = await run(["-m", "greeting.hello"], options);
  assert.equal(stderr, "");
  assert.equal(stdout, "hello\n");
  assert.equal(code, 0);
  const again = await run(["-m", "mip", "install", "--index", address, "greeting"], options);
  assert.doesNotMatch(again.stdout, /Writing/);
});

test("-m runs a package by its __main__, which may import relatively", async (t) => {
  const { cwd, env } = project(t, { "lib/tool/__init__.py": "", "lib/tool/__main__.py": "from .part import name\nprint(name, __name__)\n", "lib/tool/part.py": "name = 'part'\n" });
  const { stdout, stderr } = await run(["-m", "tool"], { cwd, env });
  assert.equal(stderr, "");
  assert.equal(stdout, "part __main__\n");
});

test("mip.install() takes a file and a package.json by their addresses", async (t) => {
  /** @type {Record<string, string>} */
  const texts = { "/one.py": "VALUE = 1\n", "/deep/package.json": JSON.stringify({ urls: [["two/__init__.py", "source.py"]] }), "/deep/source.py": "VALUE = 2\n" };
  const port = await listen(t, createServer(({ url = "" }, response) => (texts[url] ? response.end(texts[url]) : response.writeHead(404).end())));
  const { cwd, env } = project(t);
  const program = `
import mip
mip.install("http://127.0.0.1:${port}/one.py")
mip.install("http://127.0.0.1:${port}/deep")
import one, two
print(one.VALUE, two.VALUE)
try:
    mip.install("nothing", index="http://127.0.0.1:${port}")
except OSError as error:
    print(error)
`;
  const { stdout, stderr } = await run(["-c", program], { cwd, env });
  assert.equal(stderr, "");
  assert.match(stdout, /^1 2$/m);
  assert.match(stdout, /http:\/\/127\.0\.0\.1:\d+\/package\/6\/nothing\/latest\.json: the server answered 404$/m);
});

test("mip follows no redirection from https to http, and none without an address", async (t) => {
  const plain = await listen(t, createServer((_, response) => response.end("VALUE = 1\n")));
  /** @type {Record<string, string | null>} */
  const locations = { "/insecure.py": `http://127.0.0.1:${plain}/one.py`, "/nowhere.py": null, "/near.py": "/one.py" };
  const server = await httpsServer(certificate, {
    handler({ url = "" }, response) {
      const location = locations[url];
      if (location === undefined) return response.end("VALUE = 2\n");
      return response.writeHead(302, location === null ? {} : { location }).end();
    },
  });
  t.after(server.stop);
  const { cwd, env } = project(t);
  const program = `
import mip
for name in "insecure", "nowhere", "near":
    try:
        mip.install("https://localhost:${server.port}/%s.py" % name)
    except OSError as error:
        print(error)
import near
print(near.VALUE)
`;
  const { stdout, stderr } = await run(["-c", program], { cwd, env });
  assert.equal(stderr, "");
  const base = `https://localhost:${server.port}`;
  assert.match(stdout, new RegExp(`^${base}/insecure\\.py: the server redirects to http://127\\.0\\.0\\.1:${plain}/one\\.py, which is not secure$`, "m"));
  assert.match(stdout, new RegExp(`^${base}/nowhere\\.py: the server redirects and does not say where to$`, "m"));
  assert.match(stdout, /^2$/m);
  assert.ok(!existsSync(join(cwd, "lib", "insecure.py")), "nothing is written");
});

test("mip takes from a secure package nothing that is not secure, and no answer that is cut", async (t) => {
  const plain = await listen(t, createServer((_, response) => response.end("VALUE = 1\n")));
  const cut = await listen(t, createTcpServer((socket) => socket.once("data", () => socket.end("HTTP/1.0 200 OK\r\nServer: x\r\n"))));
  /** @type {Record<string, string>} */
  const lists = {
    "/has/package.json": JSON.stringify({ urls: [["one.py", `http://127.0.0.1:${plain}/one.py`]] }),
    "/needs/package.json": JSON.stringify({ deps: [[`http://127.0.0.1:${plain}/one.py`, ""]] }),
  };
  const server = await httpsServer(certificate, { handler: ({ url = "" }, response) => response.end(lists[url]) });
  t.after(server.stop);
  const options = project(t);
  for (const [address, why] of [
    [`https://localhost:${server.port}/has`, `the package has http://127.0.0.1:${plain}/one.py, which is not secure`],
    [`https://localhost:${server.port}/needs`, `the package needs http://127.0.0.1:${plain}/one.py, which is not secure`],
    [`http://127.0.0.1:${cut}/one.py`, "the connection ended before the headers did"],
  ]) {
    const { code, stderr } = await run(["-m", "mip", "install", address], options);
    assert.equal(code, 1);
    assert.ok(stderr.includes(why), stderr);
  }
  assert.ok(!existsSync(join(options.cwd, "lib")), "nothing is written");
});

test("mip waits for no server without end, and takes no answer without end", async (t) => {
  const silent = await listen(t, createTcpServer((socket) => socket.on("error", () => {})));
  const stalls = await listen(t, createTcpServer((socket) => socket.on("error", () => {}).write("HTTP/1.0 200 OK\r\n\r\nVALUE")));
  /** @param {string} head @param {string} piece */
  const endless = (head, piece) => createTcpServer((socket) => {
    socket.on("error", () => {}).write(head);
    const more = () => void (socket.writable && (socket.write(piece) ? setImmediate(more) : socket.once("drain", more)));
    more();
  });
  const file = await listen(t, endless("HTTP/1.0 200 OK\r\n\r\n", "x".repeat(65536)));
  const line = await listen(t, endless("HTTP/1.0 200 OK\r\nname: ", "x".repeat(65536)));
  const options = project(t);
  const { stdout, stderr } = await run(["-c", `
import mip, mip._http
mip._http._PATIENCE = 1
for address in ${JSON.stringify([`http://127.0.0.1:${silent}/x.py`, `https://localhost:${silent}/x.py`, `http://127.0.0.1:${stalls}/x.py`, `http://127.0.0.1:${file}/x.py`, `http://127.0.0.1:${line}/x.py`])}:
    try:
        mip.install(address)
    except OSError as error:
        print(error)
`], options);
  assert.equal(stderr, "");
  assert.deepEqual(stdout.split("\n").filter((line) => !line.startsWith("Installing")), [
    `http://127.0.0.1:${silent}/x.py: the server sent nothing for 1 seconds`,
    `https://localhost:${silent}/x.py: the server sent nothing for 1 seconds`,
    `http://127.0.0.1:${stalls}/x.py: the server sent nothing for 1 seconds`,
    `http://127.0.0.1:${file}/x.py: more than 8 MiB, which mip does not install`,
    "the server sends more than 100 headers",
    "",
  ]);
  assert.ok(!existsSync(join(options.cwd, "lib")), "nothing is written");
});

test("mip refuses an index that an unknown authority vouches for, and writes nothing", async (t) => {
  const address = await index(t, { words: { files: { "words.py": "" } } }, unknownAuthority);
  const options = project(t);
  const { code, stderr } = await run(["-m", "mip", "install", "--index", address, "words"], options);
  assert.equal(code, 1);
  assert.match(stderr, /^mip: .*not correctly signed by the trusted CA/s);
  assert.ok(!existsSync(join(options.cwd, "lib")));
});

test("mip refuses a package that would leave its folder, and one with other bytes than the index lists", async (t) => {
  /** @type {Record<string, string>} */
  const lists = {
    "/package/6/escapes/latest.json": JSON.stringify({ urls: [["../escaped.py", "http://127.0.0.1/x"]] }),
    "/package/6/backslash/latest.json": JSON.stringify({ urls: [["..\\escaped.py", "http://127.0.0.1/x"]] }),
    "/package/6/changed/latest.json": JSON.stringify({ hashes: [["changed.py", "00000000"]] }),
    "/file/00/00000000": "VALUE = 1\n",
  };
  const port = await listen(t, createServer(({ url = "" }, response) => response.end(lists[url])));
  const options = project(t);
  /** @type {[name: string, why: RegExp][]} */
  const refused = [["escapes", /may not leave the folder/], ["backslash", /may not leave the folder/], ["changed", /other bytes than it lists/]];
  for (const [name, why] of refused) {
    const { code, stderr } = await run(["-m", "mip", "install", "--index", `http://127.0.0.1:${port}`, name], options);
    assert.equal(code, 1);
    assert.match(stderr, why);
  }
  assert.ok(!existsSync(join(options.cwd, "escaped.py")) && !existsSync(join(options.cwd, "lib")));
});

test("urequests, installed by mip, gets a page over HTTPS", { skip: unless(urequests) }, async (t) => {
  const address = await index(t, { urequests: { folder: urequests } });
  const options = project(t, { "get.py": 'import sys, urequests\nprint(urequests.get(sys.argv[1]).status_code)\n' });
  await run(["-m", "mip", "install", "--index", address, "urequests"], options);
  const { stdout, stderr } = await run(["get.py", `${address}package/6/urequests/latest.json`], options);
  assert.equal(stderr, "");
  assert.equal(stdout, "200\n");
});

test("umqtt.robust and umqtt.simple, installed by mip, talk to mosquitto over TLS", { skip: unless(umqttSimple, umqttRobust) || missing("mosquitto") }, async (t) => {
  const address = await index(t, { "umqtt.robust": { folder: umqttRobust, deps: ["umqtt.simple"] }, "umqtt.simple": { folder: umqttSimple } });
  const broker = await mosquitto(certificate);
  t.after(broker.stop);
  const options = project(t, { "mqtt.py": mqttProgram(mqttClient({ module: "robust" })) });
  await run(["-m", "mip", "install", "--index", address, "umqtt.robust"], options);
  const { stdout, stderr } = await run(["mqtt.py", String(broker.port)], options);
  assert.equal(stderr, "");
  assert.equal(stdout, RECEIVED);
});

test("microdot, installed by mip, serves HTTPS", { skip: unless(microdot) }, async (t) => {
  const address = await index(t, { microdot: { folder: microdot } });
  const program = `
import ssl
from microdot import Microdot

app = Microdot()

@app.route("/hello/<name>")
async def hello(request, name):
    return {"hello": name}

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("chain.pem", "key.pem")
app.run(host="127.0.0.1", port=PORT, ssl=context)
`;
  const port = await freePort();
  const options = project(t, { "serve.py": program.replace("PORT", String(port)), "chain.pem": certificate.chainPem, "key.pem": certificate.keyPem });
  await run(["-m", "mip", "install", "--index", address, "microdot"], options);
  const [command, ...args] = INTERPRETER;
  const server = await startProgram(command, [...args, "serve.py"], { ...options, port });
  t.after(server.stop);
  assert.deepEqual(JSON.parse(await body(port, "/hello/you")), { hello: "you" });
});

/** @param {number} port @param {string} path */
async function body(port, path) {
  const [response] = await once(get({ host: "localhost", port, path, ca: ca.pem, agent: false }), "response");
  return (await response.setEncoding("utf8").toArray()).join("");
}
