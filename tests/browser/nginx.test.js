/**
 * A page as static files behind nginx, with relays behind it too, configured as docs/relay.md says.
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { missingBrowser, openPage, runIn, startBrowser } from "../support/browser.js";
import { cast } from "../support/pki.js";
import { freePort, missing, start } from "../support/programs.js";
import { missingWispJs, websockifyWithTokens, wispJs } from "../support/relays.js";
import { httpsServer } from "../support/servers.js";

/**
 * @import { TransportDescription } from "../../types/index.js"
 * @import { Browser, TestPage } from "../support/browser.js"
 * @import { Program } from "../support/programs.js"
 */

const { ca, server: certificate } = cast();
const root = fileURLToPath(new URL("../..", import.meta.url));
const withoutWispJs = await missingWispJs();

/** @param {number} port */
const fetching = (port) => `
import socket, ssl
context = ssl.create_default_context(cadata=${JSON.stringify(ca.pem)}.encode())
s = socket.socket()
s.connect(("localhost", ${port}))
s = context.wrap_socket(s, server_hostname="localhost")
s.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
print(s.version(), s.read().split(b"\\r\\n\\r\\n")[1])
`;
const FETCHED = "TLSv1.3 b'hello\\n'\n";

describe("a page behind nginx", { skip: missingBrowser || missing("nginx") || missing("websockify") || withoutWispJs }, () => {
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-nginx-"));
  /** @type {Program[]} */
  const running = [];
  /** @type {Awaited<ReturnType<typeof httpsServer>>} */
  let https;
  /** @type {Awaited<ReturnType<typeof relay>>[]} */
  let relays;
  /** @type {Browser} */
  let browser;
  /** @type {TestPage} */
  let page;

  before(async () => {
    https = await httpsServer(certificate);
    const port = await freePort();
    relays = [await relay(port), await relay(port)];
    const [wisp, websockify] = [await wispJs(), await websockifyWithTokens({ target: https.port })];
    running.push(...relays, wisp, websockify);
    await nginx(port, {
      "127.0.0.1:8001": `127.0.0.1:${relays[0].port}`,
      "127.0.0.1:8002": `127.0.0.1:${relays[1].port}`,
      "127.0.0.1:6001": `127.0.0.1:${wisp.port}`,
      "127.0.0.1:6080": `127.0.0.1:${websockify.port}`,
      "listen 8080": `listen 127.0.0.1:${port}`,
      "/srv/playground": site(),
    });
    browser = await startBrowser();
    page = await openPage(browser, { url: `http://127.0.0.1:${port}/` }, "/index.html");
  });
  after(async () => {
    await browser?.stop();
    for (const program of running.reverse()) await program.stop();
    await https.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The relay of the package, as the document starts it. @param {number} nginx */
  async function relay(nginx) {
    const port = await freePort();
    const args = ["serve", folder, "--port", String(port), "--allow", `localhost:${https.port}`, "--origin", `http://127.0.0.1:${nginx}`, "--trust-proxy", "127.0.0.1"];
    return { ...(await start(process.execPath, [join(root, "web/node/cli.js"), ...args], { ready: /Relay at/ })), port };
  }

  /** The test page and the package, as a folder. */
  function site() {
    const site = join(folder, "site");
    mkdirSync(join(site, "micropython-ssl"), { recursive: true });
    const micropython = createRequire(import.meta.url).resolve("@micropython/micropython-webassembly-pyscript/micropython.mjs");
    symlinkSync(join(root, "tests/browser/pages/index.html"), join(site, "index.html"));
    for (const name of ["web", "dist"]) symlinkSync(join(root, name), join(site, "micropython-ssl", name));
    symlinkSync(dirname(micropython), join(site, "micropython-ssl", "micropython"));
    return site;
  }

  /**
   * nginx with the document's configuration, its addresses replaced by those of this run.
   *
   * @param {number} port
   * @param {Record<string, string>} addresses
   */
  async function nginx(port, addresses) {
    let [, configuration] = /```nginx .*\n([^]*?)```/.exec(readFileSync(join(root, "docs/relay.md"), "utf8")) ?? [];
    for (const [documented, ours] of Object.entries(addresses)) {
      assert.ok(configuration.includes(documented), `the document has ${documented}`);
      configuration = configuration.replaceAll(documented, ours);
    }
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${join(folder, name)};`);
    writeFileSync(join(folder, "nginx.conf"), `
${process.getuid?.() === 0 ? "user root;" : ""}
daemon off;
pid ${join(folder, "nginx.pid")};
error_log stderr;
events {}
http {
  include /etc/nginx/mime.types;
  access_log off;
  ${paths.join("\n  ")}
${configuration}}
`);
    running.push(await start("nginx", ["-p", folder, "-e", "stderr", "-c", join(folder, "nginx.conf")], { port }));
  }

  /** @param {TransportDescription} transport */
  async function printed(transport) {
    const mode = await page.evaluate(async (transport) => (await window.start({ transport })).mode, transport);
    assert.equal(mode, "isolated");
    const { out } = await runIn(page, fetching(https.port));
    await page.evaluate(() => window.mp.terminate());
    return out;
  }

  test("blocks, over relays of the package that take turns", async () => {
    assert.equal(await printed({ wisp: "/relay/" }), FETCHED);
    assert.equal(await printed({ wisp: "/relay/" }), FETCHED);
    for (const relay of relays) await relay.printed(/localhost:\d+ tcp /);
    await relays[0].stop();
    assert.equal(await printed({ wisp: "/relay/" }), FETCHED);
    assert.equal(await printed({ wisp: "/relay/" }), FETCHED);
  });

  test("fetches over wisp-js-server", async () => {
    assert.equal(await printed({ wisp: "/wisp/" }), FETCHED);
  });

  test("fetches over websockify", async () => {
    assert.equal(await printed({ websockify: "/websockify/?token={token}", tokens: { [`localhost:${https.port}`]: "target" } }), FETCHED);
  });
});
