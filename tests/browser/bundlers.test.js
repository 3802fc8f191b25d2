/**
 * The package as users get it, packed, in an empty project: built by bundlers, served by vite, from
 * another origin, beside a page, and inlined into one file. Each page talks TLS with a server, over
 * the relay of `serve`.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import {
  cpSync, createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { npmSource } from "../../scripts/lib/npm-source.js";
import { pack } from "../../scripts/lib/packed.js";
import { missingBrowser, startBrowser } from "../support/browser.js";
import { cast } from "../support/pki.js";
import { portOf } from "../support/programs.js";
import { httpsServer } from "../support/servers.js";
import { serve } from "../../web/node/serve.js";

/**
 * @import { Page } from "playwright-core"
 * @import { TestContext } from "node:test"
 * @import { Mode } from "../../types/index.js"
 * @import { Browser } from "../support/browser.js"
 */

const root = fileURLToPath(new URL("../..", import.meta.url));
const nextFolder = (await npmSource("next")) ?? "";
const parcelFolder = (await npmSource("parcel")) ?? "";
const rollupFolder = (await npmSource("rollup")) ?? "";
/** @param {string} folder Empty where npm cannot be reached. */
const unless = (folder) => (folder ? false : "npm cannot be reached");
const INLINED = join(root, "dist", "inline.js");
const MICROPYTHON = "@micropython/micropython-webassembly-pyscript";
const PAGE = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="./main.js"></script>';
const ENTRY = 'import { startMicroPython } from "micropython-ssl";\nwindow.start = startMicroPython;\n';

const { ca, server: certificate } = cast();
const ANSWER = "b'over TLSv1.3'\n";

/** A request to a server that has to be verified, in any mode. @param {number} port */
const program = (port) => `
import asyncio, ssl
async def main():
  context = ssl.create_default_context(cadata=${JSON.stringify(ca.pem)}.encode())
  reader, writer = await asyncio.open_connection("localhost", ${port}, ssl=context, server_hostname="localhost")
  writer.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
  await writer.drain()
  print((await reader.read()).split(b"\\r\\n\\r\\n")[1])
asyncio.run(main())
`;

describe("the package", { skip: missingBrowser }, () => {
  /** @type {Browser} */
  let browser;
  /** @type {Awaited<ReturnType<typeof httpsServer>>} */
  let https;
  /** Where the package lies as npm packs it: bundlers treat a link otherwise. */
  const unpacked = mkdtempSync(join(tmpdir(), "micropython-ssl-packed-"));
  const packed = join(unpacked, "package");
  before(async () => {
    https = await httpsServer(certificate, { handler: ({ socket }, response) => response.end(`over ${socket.getProtocol()}`) });
    browser = await startBrowser();
    execFileSync("tar", ["-xf", await pack(unpacked), "-C", unpacked]);
  });
  after(async () => {
    await browser.stop();
    await https.stop();
    rmSync(unpacked, { recursive: true });
  });

  /**
   * A project of a user, with the package among its modules.
   *
   * @param {TestContext} t
   * @param {Record<string, string | Uint8Array>} files
   */
  function project(t, files, above = tmpdir()) {
    const folder = mkdtempSync(join(above, "micropython-ssl-project-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, "node_modules", "@micropython"), { recursive: true });
    cpSync(packed, join(folder, "node_modules", "micropython-ssl"), { recursive: true });
    symlinkSync(join(root, "node_modules", MICROPYTHON), join(folder, "node_modules", MICROPYTHON));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return folder;
  }

  /**
   * What the program prints in a page of a folder, in a mode.
   *
   * @param {TestContext} t
   * @param {string} folder
   * @param {Mode} mode
   * @param {boolean} isolate
   */
  async function printed(t, folder, mode, isolate) {
    const { url } = await relay(t, { mounts: [["/", folder]], isolate });
    return printedAt(t, url, mode, `${url}relay/`);
  }

  /** @param {TestContext} t @param {Parameters<typeof serve>[0]} options */
  async function relay(t, options) {
    const server = await serve({ allow: [`localhost:${https.port}`], ...options });
    t.after(() => server.close());
    return server;
  }

  /** @param {TestContext} t @param {string} url @param {Mode} mode @param {string} wisp */
  async function printedAt(t, url, mode, wisp) {
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(url);
    await page.waitForFunction(() => window.start);
    return printedIn(page, mode, wisp);
  }

  /** @param {Page} page @param {Mode} mode @param {string} wisp */
  function printedIn(page, mode, wisp) {
    return page.evaluate(
      async ({ mode, wisp, program }) => {
        let out = "";
        const mp = await window.start({ mode, transport: { wisp }, stdout: (text) => (out += text) });
        await mp.run(program);
        return out;
      },
      { mode, wisp, program: program(https.port) },
    );
  }

  test("built by vite has hashed addresses and runs, in workers and on the page's thread", async (t) => {
    const { build } = await import("vite");
    const folder = project(t, {
      "index.html": PAGE,
      "main.js": `
import { startMicroPython } from "micropython-ssl";
import micropython from "${MICROPYTHON}/micropython.mjs?url";
import micropythonWasm from "${MICROPYTHON}/micropython.wasm?url";
window.start = (options) => startMicroPython({ micropython, micropythonWasm, ...options });
`,
    });
    await build({ root: folder, logLevel: "error", configFile: false, build: { target: "es2022" } });
    const assets = readdirSync(join(folder, "dist", "assets"));
    assert.equal(assets.filter((name) => /^micropython_ssl_bg-[\w-]{8}\.wasm$/.test(name)).length, 1, assets.join(" "));
    assert.equal(await printed(t, join(folder, "dist"), "isolated", true), ANSWER);
    assert.equal(await printed(t, join(folder, "dist"), "async", false), ANSWER);
  });

  test("built by webpack runs in workers", async (t) => {
    const { default: webpack } = await import("webpack");
    const folder = project(t, { "page.js": ENTRY, "index.html": PAGE.replace("./main.js", "./dist/main.js") });
    const compiler = webpack({ mode: "production", context: folder, entry: "./page.js", output: { path: join(folder, "dist") } });
    const stats = await promisify(compiler.run.bind(compiler))();
    assert.deepEqual(stats?.toJson({ all: false, errors: true }).errors, []);
    await promisify(compiler.close.bind(compiler))();
    assert.equal(await printed(t, folder, "isolated", true), ANSWER);
    assert.equal(await printed(t, folder, "jspi", false), ANSWER);
  });

  test("served by vite while it is developed runs in workers", async (t) => {
    const { createServer } = await import("vite");
    const folder = project(t, { "main.js": ENTRY, "index.html": PAGE });
    const server = await createServer({ root: folder, logLevel: "error", configFile: false, server: { host: "127.0.0.1", port: 0, ws: false, hmr: false } });
    t.after(() => server.close());
    await server.listen();
    const address = server.resolvedUrls?.local[0] ?? "";
    const { url } = await relay(t, { mounts: [], origins: [new URL(address).origin] });
    assert.equal(await printedAt(t, address, "jspi", `${url}relay/`), ANSWER);
  });

  test("copied beside what Rollup builds runs in workers", { skip: unless(rollupFolder) }, async (t) => {
    const { rollup } = await import(pathToFileURL(join(rollupFolder, "dist", "es", "rollup.js")).href);
    const folder = project(t, { "page.js": ENTRY, "index.html": PAGE.replace("./main.js", "./dist/main.js") });
    const build = await rollup({ input: join(folder, "page.js"), external: ["micropython-ssl"] });
    await build.write({ dir: join(folder, "dist"), entryFileNames: "main.js", paths: { "micropython-ssl": "./micropython-ssl/web/index.js" } });
    cpSync(join(folder, "node_modules", "micropython-ssl"), join(folder, "dist", "micropython-ssl"), { recursive: true });
    assert.equal(await printed(t, folder, "isolated", true), ANSWER);
    assert.equal(await printed(t, folder, "jspi", false), ANSWER);
  });

  test("built by Parcel runs in workers, with what docs/browsers.md says of it", { skip: unless(parcelFolder) }, async (t) => {
    const [, configuration] = /```json .*\n(\{\n  "@parcel[^]*?\})\n```/.exec(readFileSync(join(root, "docs", "browsers.md"), "utf8")) ?? [];
    const folder = project(t, { "main.js": ENTRY, "index.html": PAGE, "package.json": configuration });
    const parcel = join(parcelFolder, "lib", "bin.js");
    execFileSync(process.execPath, [parcel, "build", "index.html", "--no-cache"], { cwd: folder, stdio: "pipe" });
    assert.equal(await printed(t, join(folder, "dist"), "isolated", true), ANSWER);
    assert.equal(await printed(t, join(folder, "dist"), "jspi", false), ANSWER);
  });

  test("built by Next runs in workers", { skip: unless(nextFolder) }, async (t) => {
    const files = {
      "package.json": "{}",
      "next.config.mjs": 'export default { output: "export" };\n',
      "app/layout.js": "export default ({ children }) => <html><body>{children}</body></html>;\n",
      "app/page.js": `"use client";
import { useEffect } from "react";
export default function Page() {
  useEffect(() => void import("micropython-ssl").then(({ startMicroPython }) => (window.start = startMicroPython)), []);
  return <p>a page</p>;
}
`,
    };
    const folder = project(t, files, dirname(dirname(nextFolder))); // below Next's own node_modules
    const next = join(nextFolder, "dist", "bin", "next");
    execFileSync(process.execPath, [next, "build"], { cwd: folder, stdio: "pipe", env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" } });
    assert.equal(await printed(t, join(folder, "out"), "isolated", true), ANSWER);
    assert.equal(await printed(t, join(folder, "out"), "jspi", false), ANSWER);
  });

  test("taken from another origin, as from a CDN, runs in workers", async (t) => {
    /** @type {Record<string, string>} */
    const types = { ".js": "text/javascript", ".wasm": "application/wasm" };
    const cdn = createHttpServer(({ url = "" }, response) => {
      response.setHeader("Access-Control-Allow-Origin", "*");
      response.setHeader("Content-Type", types[extname(url)] ?? "text/plain");
      createReadStream(join(packed, url)).on("error", () => response.writeHead(404).end()).pipe(response);
    });
    await once(cdn.listen(0, "127.0.0.1"), "listening");
    t.after(() => cdn.close());
    const address = `http://127.0.0.1:${portOf(cdn)}/web/index.js`;
    const folder = project(t, { "main.js": ENTRY.replace("micropython-ssl", address), "index.html": PAGE });
    assert.equal(await printed(t, folder, "jspi", false), ANSWER);
  });

  test("bundled by esbuild runs on the page's thread, given the addresses of its wasm", async (t) => {
    const { build } = await import("esbuild");
    const folder = project(t, {
      "index.html": PAGE,
      "page.js": `
import { startMicroPython } from "micropython-ssl";
import engine from "micropython-ssl/engine.wasm";
import micropython from "${MICROPYTHON}/micropython.mjs";
import micropythonWasm from "${MICROPYTHON}/micropython.wasm";
const absolute = (url) => new URL(url, import.meta.url).href;
window.start = (options) => startMicroPython({ engine: absolute(engine), micropython: absolute(micropython), micropythonWasm: absolute(micropythonWasm), ...options });
`,
    });
    await build({
      entryPoints: [join(folder, "page.js")], outfile: join(folder, "main.js"), bundle: true, format: "esm", logLevel: "silent",
      loader: { ".wasm": "file", ".mjs": "file" },
    });
    assert.equal(await printed(t, folder, "async", false), ANSWER);
  });

  test("inlined into one script runs from file://", { skip: existsSync(INLINED) ? false : "dist/inline.js is not built" }, async (t) => {
    const folder = project(t, { "inline.js": readFileSync(INLINED), "index.html": '<!doctype html><meta charset="utf-8"><script src="inline.js"></script>' });
    const page = await browser.newPage();
    t.after(() => page.close());
    const { url } = await relay(t, { mounts: [], origins: ["*"] }); // a page of file:// has an origin that cannot be named
    await page.goto(pathToFileURL(join(folder, "index.html")).href);
    await page.evaluate(() => (window.start = window.micropythonSSL.startMicroPython));
    assert.equal(await printedIn(page, "async", `${url}relay/`), ANSWER);
    assert.match(await page.evaluate(() => window.start({ mode: "isolated" }).then(() => "started", (error) => error.message)), /mode "async" only/);
  });
});
