/** connect() in a page, over a relay: the examples of JavaScript. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { before, describe, test } from "node:test";
import { missingBrowser } from "../support/browser.js";
import { cast } from "../support/pki.js";
import { missing } from "../support/programs.js";
import { httpsServer, mosquitto } from "../support/servers.js";
import { Site } from "../support/site.js";

/**
 * @import { SocketError } from "../../types/index.js"
 * @import { TestPage } from "../support/browser.js"
 */

const { ca, server: certificate, unknownAuthority } = cast();
const EXAMPLES = fileURLToPath(new URL("../../examples/javascript", import.meta.url));

describe("connect() in a page", { skip: missingBrowser }, () => {
  const site = new Site({ more: [["/examples/", EXAMPLES]] });
  /** @type {TestPage} */
  let page;
  before(async () => {
    page = await site.open("/examples/index.html?url=https://localhost:1/");
  });

  /** @param {string} url */
  const fetched = (url) =>
    page.evaluate(
      async ([url, ca]) => {
        const { get } = await import("/examples/http.js");
        try {
          const response = await get(url, { ca, transport: { wisp: "/relay/" } });
          return { status: response.status, kind: response.headers.get("content-type"), text: await response.text() };
        } catch (error) {
          const { code, message } = /** @type {SocketError} */ (error);
          return { code, message };
        }
      },
      [url, ca.pem],
    );

  test("a page is fetched over HTTP/1.1, in chunks and by its length", async (t) => {
    const https = await httpsServer(certificate, {
      handler(request, response) {
        response.setHeader("Content-Type", "text/plain");
        if (request.url === "/length") return response.setHeader("Content-Length", 100_000).end("x".repeat(100_000));
        response.write("in ");
        response.end("chunks");
      },
    });
    t.after(https.stop);
    assert.deepEqual(await fetched(`https://localhost:${https.port}/chunks`), { status: 200, kind: "text/plain", text: "in chunks" });
    assert.equal((await fetched(`https://localhost:${https.port}/length`)).text?.length, 100_000);
  });

  test("a server that an unknown authority vouches for is refused", async (t) => {
    const https = await httpsServer(unknownAuthority);
    t.after(https.stop);
    assert.equal((await fetched(`https://localhost:${https.port}/`)).code, "ERR_TLS_CERTIFICATE");
  });

  test("a message goes to mosquitto over TLS and comes back", { skip: missing("mosquitto") }, async (t) => {
    const broker = await mosquitto(certificate);
    t.after(broker.stop);
    const echoed = await page.evaluate(
      async ({ port, ca }) => {
        const { echo } = await import("/examples/mqtt.js");
        return echo(`localhost:${port}`, "room/kitchen", "21 degrees", { ca, transport: { wisp: "/relay/" } });
      },
      { port: broker.port, ca: ca.pem },
    );
    assert.deepEqual(echoed, { topic: "room/kitchen", message: "21 degrees" });
  });
});
