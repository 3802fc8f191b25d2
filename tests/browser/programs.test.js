/**
 * Programs as people write them, unmodified, in every mode that a page has: PyPI's clients,
 * asyncio, a WebSocket over TLS.
 */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { WebSocketServer } from "ws";
import { pypiSource } from "../../scripts/lib/pypi-source.js";
import { MODES, missingBrowser, runIn } from "../support/browser.js";
import { packageIndex } from "../support/package_index.js";
import { RECEIVED, mqttClient, mqttProgram } from "../support/mqtt_program.js";
import { cast } from "../support/pki.js";
import { missing } from "../support/programs.js";
import { listen } from "../support/runner.js";
import { httpsServer, mosquitto } from "../support/servers.js";
import { Site } from "../support/site.js";

/** @import { TestPage } from "../support/browser.js" */

const { ca, server: certificate } = cast();
const umqtt = await pypiSource("micropython-umqtt.simple");
const urequests = await pypiSource("micropython-urequests");
/** @param {string | undefined} source */
const unless = (source) => (source ? false : "PyPI cannot be reached");

/**
 * The Python files of packages, as they are, where a page's programs import them.
 *
 * @param {(string | undefined)[]} folders
 */
function libraries(...folders) {
  /** @type {Record<string, string>} */
  const files = {};
  for (const folder of folders) {
    if (!folder) continue;
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (name.endsWith(".py")) files[`/lib/${name}`] = readFileSync(join(folder, name), "utf8");
    }
  }
  return files;
}

/** @param {number} port */
const REQUESTS = (port) => `
import urequests
response = urequests.get("https://localhost:${port}/data?x=1")
print(response.status_code, response.text)
response.close()
`;

/** @param {number} port */
const MANY = (port) => `
import asyncio, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cafile="/ca.pem")

async def status(number):
    reader, writer = await asyncio.open_connection("localhost", ${port}, ssl=context, server_hostname="localhost")
    writer.write(b"GET /%d HTTP/1.0\\r\\n\\r\\n" % number)
    await writer.drain()
    line = await reader.readline()
    await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(line.split()[1])

async def main():
    return await asyncio.gather(*(status(number) for number in range(20)))

if __name__ == "__main__":
    print(asyncio.run(main()).count(200))
`;

/** The client side of RFC 6455, over any pair of functions that send and receive. */
const FRAMES = `
import binascii, hashlib, os, ssl
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cafile="/ca.pem")
key = binascii.b2a_base64(os.urandom(16)).strip()
request = b"GET /chat HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: " + key + b"\\r\\n\\r\\n"
expected = binascii.b2a_base64(hashlib.sha1(key + GUID).digest()).strip()
def frame(text):
    mask = os.urandom(4)
    return bytes([0x81, 0x80 | len(text)]) + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(text))
`;

/** @param {number} port */
const WEBSOCKET = (port) => `${FRAMES}
import socket
s = socket.socket()
s.connect(socket.getaddrinfo("localhost", ${port})[0][-1])
s = context.wrap_socket(s, server_hostname="localhost")
s.write(request)
accepted = None
while True:
    line = s.readline().strip()
    if not line: break
    if line.lower().startswith(b"sec-websocket-accept:"): accepted = line.split(b":")[1].strip()
print(accepted == expected)
s.write(frame(b"hello"))
head = s.read(2)
print(head[0] == 0x81, s.read(head[1]))
s.close()
`;

/** @param {number} port */
const ASYNC_WEBSOCKET = (port) => `${FRAMES}
import asyncio
async def main():
    reader, writer = await asyncio.open_connection("localhost", ${port}, ssl=context, server_hostname="localhost")
    writer.write(request)
    await writer.drain()
    accepted = None
    while True:
        line = (await reader.readline()).strip()
        if not line: break
        if line.lower().startswith(b"sec-websocket-accept:"): accepted = line.split(b":")[1].strip()
    print(accepted == expected)
    writer.write(frame(b"hello"))
    await writer.drain()
    head = await reader.readexactly(2)
    print(head[0] == 0x81, await reader.readexactly(head[1]))
    writer.close()
    await writer.wait_closed()
asyncio.run(main())
`;

for (const { mode, isolate, path } of [...MODES, { mode: "async", isolate: false, path: "/?mode=async" }]) {
  describe(`in mode ${mode}`, { skip: missingBrowser }, () => {
    const site = new Site({ isolate });
    /** @type {TestPage} */
    let page;
    before(async () => {
      page = await site.open(path);
      const transport = { wisp: site.relay, allow: ["localhost:*", "127.0.0.1:*", "example.com:443"] };
      const options = { transport, files: { "/ca.pem": ca.pem, ...libraries(umqtt, urequests) } };
      assert.equal(await page.evaluate(async (options) => (await window.start(options)).mode, options), mode);
    });
    /** @param {string} code */
    const printed = async (code) => (await runIn(page, code)).out;
    /** Programs that block have no place in mode async. */
    const testBlocking = mode === "async" ? () => {} : test;

    testBlocking("umqtt.simple talks to mosquitto over TLS", { skip: unless(umqtt) || missing("mosquitto") }, async (t) => {
      const broker = await mosquitto(certificate);
      t.after(broker.stop);
      assert.equal(await printed(mqttProgram(mqttClient({ port: String(broker.port), ca: "/ca.pem" }))), RECEIVED);
    });

    testBlocking("urequests gets over HTTPS", { skip: unless(urequests) }, async (t) => {
      const https = await httpsServer(certificate, { handler: (request, response) => response.end(`you asked for ${request.url}`) });
      t.after(https.stop);
      assert.equal(await printed(REQUESTS(https.port)), "200 you asked for /data?x=1\n");
    });

    testBlocking("mip installs a package that the program then imports", async (t) => {
      const port = await listen(t, createServer(packageIndex({ words: { files: { "words/__init__.py": "WORD = 'hello'\n" } } })));
      const out = await printed(`import mip\nmip.install("words", index="http://127.0.0.1:${port}")\nimport words\nprint(words.WORD)`);
      assert.equal(out, "Installing words to /lib\nWriting /lib/words/__init__.py\nDone\nhello\n");
    });

    testBlocking("a target that the relay does not allow is an error that says so", async () => {
      const out = await printed("import socket\ntry: socket.socket().connect(socket.getaddrinfo('example.com', 443)[0][-1])\nexcept OSError as error: print(error)");
      assert.match(out, /^\[Errno 13\] EACCES: .*allow.*\n$/);
    });

    testBlocking("a target that the page does not allow is an error that names it", async () => {
      const out = await printed("import socket\ntry: socket.socket().connect(socket.getaddrinfo('example.com', 80)[0][-1])\nexcept OSError as error: print(error)");
      assert.equal(out, "[Errno 13] EACCES: example.com:80 is not allowed to this page's programs (the transport's allow)\n");
    });

    test("asyncio has 20 connections", async (t) => {
      const https = await httpsServer(certificate);
      t.after(https.stop);
      assert.equal(await printed(MANY(https.port)), "20\n");
    });

    for (const [how, program] of Object.entries({ blocking: WEBSOCKET, asyncio: ASYNC_WEBSOCKET })) {
      (how === "blocking" ? testBlocking : test)(`a WebSocket client, ${how}, talks over TLS`, async (t) => {
        const https = await httpsServer(certificate);
        const sockets = new WebSocketServer({ server: https.server });
        sockets.on("connection", (socket) => socket.on("message", (message) => socket.send(`echo of ${message}`)));
        t.after(async () => {
          for (const client of sockets.clients) client.terminate();
          await https.stop();
        });
        assert.equal(await printed(program(https.port)), "True\nTrue b'echo of hello'\n");
      });
    }
  });
}
