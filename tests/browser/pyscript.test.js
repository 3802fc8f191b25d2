/**
 * PyScript, hosted by itself, with one line of configuration: <script type="mpy"> has ssl and
 * socket.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";
import { missingBrowser, serveTestPages, startBrowser } from "../support/browser.js";
import { cast } from "../support/pki.js";
import { httpsServer } from "../support/servers.js";

/**
 * @import { TestContext } from "node:test"
 * @import { Browser } from "../support/browser.js"
 */

const { ca, server: certificate } = cast();
const pyscript = fileURLToPath(new URL("../../node_modules/@pyscript/core/dist", import.meta.url));

const CONTEXT = `
import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cadata=${JSON.stringify(ca.pem)}.encode())
`;

/** @param {number} port */
const AWAITING = (port) => `${CONTEXT}
import asyncio
async def get():
  reader, writer = await asyncio.open_connection("localhost", ${port}, ssl=context, server_hostname="localhost")
  writer.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
  await writer.drain()
  print(writer.s.version(), (await reader.read()).split(b"\\r\\n\\r\\n")[1])
  await writer.wait_closed()
await get()
asyncio.run(get())
print("over")
`;

/** @param {number} port */
const BLOCKING = (port) => `${CONTEXT}
import socket
s = socket.socket()
try:
  s.connect(("localhost", ${port}))
  s = context.wrap_socket(s, server_hostname="localhost")
  s.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
  print(s.version(), s.read().split(b"\\r\\n\\r\\n")[1])
except OSError as e:
  print(e.args[1])
print("over")
`;

describe("PyScript", { skip: missingBrowser }, () => {
  /** @type {Awaited<ReturnType<typeof serveTestPages>>} */
  let isolated;
  /** @type {typeof isolated} */
  let plain;
  /** @type {Browser} */
  let browser;
  /** @type {Awaited<ReturnType<typeof httpsServer>>} */
  let https;
  before(async () => {
    https = await httpsServer(certificate);
    isolated = await serveTestPages({ more: [["/pyscript/", pyscript]] });
    plain = await serveTestPages({ isolate: false, more: [["/pyscript/", pyscript]] });
    browser = await startBrowser();
  });
  after(async () => {
    await browser.stop();
    await Promise.all([isolated.close(), plain.close()]);
    await https.stop();
  });

  /**
   * What a program prints, in a page of its own, up to "over". PyScript prints to the console.
   *
   * @param {TestContext} t
   * @param {string} program
   */
  async function printed(t, program, { worker = false, isolate = false } = {}) {
    const server = isolate ? isolated : plain;
    const interpreter = `${server.url}micropython-ssl/web/pyscript.mjs?wisp=/relay/`;
    const page = await browser.newPage();
    t.after(() => page.close());
    /** @type {string[]} */
    const lines = [];
    page.on("console", (message) => lines.push(message.text()));
    const over = page
      .waitForEvent("console", { predicate: (message) => message.text() === "over", timeout: 20_000 })
      .catch(() => assert.fail(`PyScript did not come to the end: ${lines.join("\n")}`));
    const query = new URLSearchParams({ program, interpreter, ...(worker && { worker: "" }) });
    await Promise.all([over, page.goto(`${server.url}pyscript.html?${query}`)]);
    return lines.filter((line) => !/^\[pyscript\/|^Unable to use `window`/.test(line)).join("\n");
  }

  const HELLO = "TLSv1.3 b'hello\\n'";

  test("on the page's thread awaits TLS, at its top level and by asyncio.run()", async (t) => {
    assert.equal(await printed(t, AWAITING(https.port)), `${HELLO}\n${HELLO}\nover`);
  });

  test("has the package's root certificates, on the page's thread and in a worker", async (t) => {
    const program = 'import ssl\nssl.create_default_context()\nprint("over")';
    assert.equal(await printed(t, program), "over");
    assert.equal(await printed(t, program, { worker: true }), "over");
  });

  test("on the page's thread is told what to await instead of a call that would block", async (t) => {
    assert.equal(await printed(t, BLOCKING(https.port)), "this would block JavaScript's event loop: use asyncio.open_connection()\nover");
  });

  test("in a worker awaits TLS, without any headers", async (t) => {
    assert.equal(await printed(t, AWAITING(https.port), { worker: true }), `${HELLO}\n${HELLO}\nover`);
  });

  test("in a worker of an isolated page blocks as on a board, and awaits as well", async (t) => {
    assert.equal(await printed(t, BLOCKING(https.port), { worker: true, isolate: true }), `${HELLO}\nover`);
    assert.equal(await printed(t, AWAITING(https.port), { worker: true, isolate: true }), `${HELLO}\n${HELLO}\nover`);
  });
});
