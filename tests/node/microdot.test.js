/** Microdot from PyPI, as it is, in npm's MicroPython: HTTPS and WebSockets over TLS. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import https from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";
import { WebSocket } from "ws";
import { pypiSource } from "../../scripts/lib/pypi-source.js";
import { installMicroPython } from "../../web/index.node.js";
import { cast } from "../support/pki.js";
import { freePort } from "../support/runner.js";

const { ca, server: certificate } = cast();
const microdot = await pypiSource("microdot");

/** @param {number} port */
const APP = (port) => `
import asyncio, ssl
from microdot import Microdot
from microdot.websocket import WebSocketError, with_websocket, websocket_upgrade
app = Microdot()
@app.get("/")
async def index(request):
    return "from a coroutine"
@app.get("/function")
def function(request):
    return "from a function"
@app.get("/decorated")
@with_websocket
async def decorated(request, ws):
    while True:
        await ws.send(await ws.receive())
@app.get("/upgraded")
async def upgraded(request):
    ws = await websocket_upgrade(request)
    try:
        while True:
            await ws.send(await ws.receive())
    except WebSocketError:
        return ""
c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
c.load_cert_chain(${JSON.stringify(certificate.chainPem)}.encode(), ${JSON.stringify(certificate.keyPem)}.encode())
serving = asyncio.create_task(app.start_server(host="127.0.0.1", port=${port}, ssl=c))
while app.server is None:
    await asyncio.sleep(0)
`;

/** @param {number} port @param {string} path */
function get(port, path) {
  return new Promise((resolve, reject) => {
    const request = https.get({ host: "localhost", port, path, ca: ca.pem, agent: false }, async (response) => {
      let body = "";
      for await (const part of response.setEncoding("utf8")) body += part;
      resolve(`${response.statusCode} ${body}`);
    });
    request.on("error", reject);
  });
}

/** @param {number} port @param {string} path */
async function echo(port, path) {
  const socket = new WebSocket(`wss://localhost:${port}${path}`, { ca: ca.pem });
  await once(socket, "open");
  const echoes = [];
  for (const text of ["short", "x".repeat(1000)]) {
    socket.send(text);
    const [data] = await once(socket, "message");
    echoes.push(String(data) === text);
  }
  socket.close();
  await once(socket, "close");
  return echoes;
}

test("Microdot serves pages and WebSockets over TLS", { skip: microdot ? false : "PyPI cannot be reached" }, async (t) => {
  let out = "";
  const mp = await loadMicroPython({ pystack: 16 * 1024, heapsize: 4 * 1024 * 1024, linebuffer: false });
  const installation = await installMicroPython(mp, { stdout: (text) => (out += text) });
  t.after(() => installation.close());
  assert.ok(microdot);
  const folder = join(microdot, "microdot");
  mp.FS.mkdirTree("/lib/microdot");
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".py"))) {
    mp.FS.writeFile(`/lib/microdot/${name}`, readFileSync(join(folder, name)));
  }
  const port = await freePort();
  await mp.runPythonAsync(APP(port));
  assert.equal(await get(port, "/"), "200 from a coroutine");
  assert.equal(await get(port, "/function"), "200 from a function");
  assert.deepEqual(await echo(port, "/decorated"), [true, true]);
  assert.deepEqual(await echo(port, "/upgraded"), [true, true]);
  assert.equal(await get(port, "/missing"), "404 Not found");
  assert.doesNotMatch(out, /Traceback/);
});
