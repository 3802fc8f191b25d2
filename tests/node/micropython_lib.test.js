/**
 * Packages of micropython-lib as they are, installed by `mip`. MicroPython's own releases
 * bring micropython-lib along, Debian's source does not: MICROPYTHON_LIB names a checkout.
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { source } from "../../scripts/lib/source.js";
import { RECEIVED, mqttProgram } from "../support/mqtt_program.js";
import { packageIndex } from "../support/package_index.js";
import { cast } from "../support/pki.js";
import { missing } from "../support/programs.js";
import { folder, run } from "../support/runner.js";
import { httpsServer, mosquitto } from "../support/servers.js";

/** @import { TestContext } from "node:test" */

const { ca, server: certificate } = cast();
const library = process.env.MICROPYTHON_LIB ?? join(await source("micropython").catch(() => ""), "lib", "micropython-lib");
const skip = existsSync(join(library, "README.md")) ? false : "micropython-lib is not here; MICROPYTHON_LIB names a checkout";

/**
 * A folder with a program, for which packages are installed from an index over HTTPS.
 *
 * @param {TestContext} t
 * @param {Parameters<typeof packageIndex>[0]} packages
 * @param {string} program
 */
async function project(t, packages, program) {
  const server = await httpsServer(certificate, { handler: packageIndex(packages) });
  const cwd = folder(t, { "ca.pem": ca.pem, "program.py": program });
  const options = { cwd, env: { SSL_CERT_FILE: join(cwd, "ca.pem"), MICROPYPATH: `.frozen:${join(cwd, "lib")}` } };
  const installed = await run(["-m", "mip", "install", "--index", `https://localhost:${server.port}/`, Object.keys(packages)[0]], options);
  assert.equal(installed.stderr, "");
  await server.stop();
  /** @param {...(string | number)} args */
  return (...args) => run(["program.py", ...args.map(String)], options);
}

test("requests gets and posts over HTTPS", { skip }, async (t) => {
  const server = await httpsServer(certificate, {
    async handler(request, response) {
      const body = (await request.setEncoding("utf8").toArray()).join("");
      response.end(JSON.stringify({ method: request.method, path: request.url, body }));
    },
  });
  t.after(server.stop);
  const program = `
import requests, sys
url = sys.argv[1]
response = requests.get(url + "get")
print(response.status_code, response.json()["path"])
print(requests.post(url, json={"a": 1}).json()["body"])
`;
  const start = await project(t, { requests: { folder: join(library, "python-ecosys/requests") } }, program);
  const { stdout, stderr } = await start(`https://localhost:${server.port}/`);
  assert.equal(stderr, "");
  assert.equal(stdout, '200 /get\n{"a": 1}\n');
});

test("aiohttp gets over HTTPS and talks over a WebSocket, verified", { skip }, async (t) => {
  const server = await httpsServer(certificate);
  t.after(server.stop);
  const sockets = new WebSocketServer({ server: server.server });
  t.after(() => sockets.clients.forEach((client) => client.terminate()));
  sockets.on("connection", (socket) => socket.on("message", (message) => socket.send(`you said ${message}`)));
  const program = `
import aiohttp, asyncio, ssl, sys
context = ssl.create_default_context()
async def main(host):
    async with aiohttp.ClientSession() as session:
        async with session.get("https://" + host, ssl=context) as response:
            print(response.status, await response.text())
        async with session.ws_connect("wss://" + host + "/chat", ssl=context) as socket:
            await socket.send_str("hello")
            async for message in socket:
                print(message.data)
                break
asyncio.run(main(sys.argv[1]))
`;
  const start = await project(t, { aiohttp: { folder: join(library, "python-ecosys/aiohttp") } }, program);
  const { stdout, stderr } = await start(`localhost:${server.port}`);
  assert.equal(stderr, "");
  assert.equal(stdout, "200 hello\n\nyou said hello\n");
});

test("umqtt.robust, with umqtt.simple, takes a context and talks to mosquitto", { skip: skip || missing("mosquitto") }, async (t) => {
  const broker = await mosquitto(certificate);
  t.after(broker.stop);
  const program = mqttProgram(`
from umqtt.robust import MQTTClient
client = MQTTClient("board", "localhost", int(sys.argv[1]), ssl=ssl.create_default_context())
`);
  const packages = {
    "umqtt.robust": { folder: join(library, "micropython/umqtt.robust"), deps: ["umqtt.simple"] },
    "umqtt.simple": { folder: join(library, "micropython/umqtt.simple") },
  };
  const { stdout, stderr } = await (await project(t, packages, program))(broker.port);
  assert.equal(stderr, "");
  assert.equal(stdout, RECEIVED);
});
