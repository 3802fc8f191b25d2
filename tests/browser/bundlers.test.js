/**
 * The package as users get it: built by bundlers, served by vite, from another origin, beside a
 * page, and inlined into one file.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer as createHttpServer } from "node:http";
import {
  cpSync, createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { npmSource } from "../../scripts/lib/npm-source.js";
import { missingBrowser, startBrowser } from "../support/browser.js";
import { serve } from "../../web/node/serve.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const nextFolder = await npmSource("next");
const rollupFolder = await npmSource("rollup");
const INLINED = join(root, "dist", "inline.js");
const MICROPYTHON = "@micropython/micropython-webassembly-pyscript";
const PAGE = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="./main.js"></script>';

/** A program that needs the whole of it. */
const PROGRAM = "import asyncio, ssl\nasync def main():\n  await asyncio.sleep(0)\n  return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).get_ciphers()[0]\nprint(asyncio.run(main()))";
const PRINTED = "TLS1-3-CHACHA20-POLY1305-SHA256\n";

describe("the package", { skip: missingBrowser }, () => {
  let browser;
  before(async () => {
    browser = await startBrowser();
  });
  after(() => browser.stop());

  /** A project of a user, with the package among its modules. */
  function project(t, files, above = tmpdir()) {
    const folder = mkdtempSync(join(above, "micropython-ssl-project-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, "node_modules", "@micropython"), { recursive: true });
    symlinkSync(root, join(folder, "node_modules", "micropython-ssl"));
    symlinkSync(join(root, "node_modules", MICROPYTHON), join(folder, "node_modules", MICROPYTHON));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return folder;
  }

  /**
   * As `project`, with the package as npm packs it and not as a link: bundlers treat that
   * otherwise.
   */
  function projectOfPacked(t, files, above) {
    const folder = project(t, files, above);
    const modules = join(folder, "node_modules");
    rmSync(join(modules, "micropython-ssl"));
    const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], { cwd: root, stdio: ["ignore", "pipe", "ignore"] }));
    execFileSync("tar", ["-xf", join(folder, filename), "-C", modules]);
    renameSync(join(modules, "package"), join(modules, "micropython-ssl"));
    return folder;
  }

  /** What the program prints in a page of a folder, in a mode. */
  async function printed(t, folder, mode, isolate) {
    const server = await serve({ mounts: [["/", folder]], isolate });
    t.after(() => server.close());
    return printedAt(t, server.url, mode);
  }

  async function printedAt(t, url, mode) {
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(url);
    await page.waitForFunction(() => window.start);
    return page.evaluate(run, [mode, PROGRAM]);
  }
  const run = async ([mode, program]) => {
    let out = "";
    const mp = await window.start({ mode, stdout: (text) => (out += text) });
    await mp.run(program);
    return out;
  };

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
    assert.equal(await printed(t, join(folder, "dist"), "isolated", true), PRINTED);
    assert.equal(await printed(t, join(folder, "dist"), "async", false), PRINTED);
  });

  const ENTRY = 'import { startMicroPython } from "micropython-ssl";\nwindow.start = startMicroPython;\n';

  test("built by webpack runs in workers", async (t) => {
    const { default: webpack } = await import("webpack");
    const folder = projectOfPacked(t, { "page.js": ENTRY, "index.html": PAGE.replace("./main.js", "./dist/main.js") });
    const stats = await promisify(webpack)({ mode: "production", context: folder, entry: "./page.js", output: { path: join(folder, "dist") } });
    assert.deepEqual(stats.toJson({ all: false, errors: true }).errors, []);
    assert.equal(await printed(t, folder, "isolated", true), PRINTED);
    assert.equal(await printed(t, folder, "jspi", false), PRINTED);
  });

  test("served by vite while it is developed runs in workers", async (t) => {
    const { createServer } = await import("vite");
    const folder = projectOfPacked(t, { "main.js": ENTRY, "index.html": PAGE });
    const server = await createServer({ root: folder, logLevel: "error", configFile: false, server: { host: "127.0.0.1", port: 0, ws: false, hmr: false } });
    t.after(() => server.close());
    await server.listen();
    assert.equal(await printedAt(t, server.resolvedUrls.local[0], "jspi"), PRINTED);
  });

  test("copied beside what Rollup builds runs in workers", { skip: rollupFolder ? false : "npm cannot be reached" }, async (t) => {
    const { rollup } = await import(pathToFileURL(join(rollupFolder, "dist", "es", "rollup.js")).href);
    const folder = projectOfPacked(t, { "page.js": ENTRY, "index.html": PAGE.replace("./main.js", "./dist/main.js") });
    const build = await rollup({ input: join(folder, "page.js"), external: ["micropython-ssl"] });
    await build.write({ dir: join(folder, "dist"), entryFileNames: "main.js", paths: { "micropython-ssl": "./micropython-ssl/web/index.js" } });
    cpSync(join(folder, "node_modules", "micropython-ssl"), join(folder, "dist", "micropython-ssl"), { recursive: true });
    assert.equal(await printed(t, folder, "isolated", true), PRINTED);
    assert.equal(await printed(t, folder, "jspi", false), PRINTED);
  });

  test("built by Next runs in workers", { skip: nextFolder ? false : "npm cannot be reached" }, async (t) => {
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
    const folder = projectOfPacked(t, files, dirname(dirname(nextFolder))); // below Next's own node_modules
    const next = join(nextFolder, "dist", "bin", "next");
    execFileSync(process.execPath, [next, "build"], { cwd: folder, stdio: "pipe", env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" } });
    assert.equal(await printed(t, join(folder, "out"), "isolated", true), PRINTED);
    assert.equal(await printed(t, join(folder, "out"), "jspi", false), PRINTED);
  });

  test("taken from another origin, as from a CDN, runs in workers", async (t) => {
    const types = { ".js": "text/javascript", ".wasm": "application/wasm" };
    const cdn = createHttpServer(({ url }, response) => {
      response.setHeader("Access-Control-Allow-Origin", "*");
      response.setHeader("Content-Type", types[extname(url)] ?? "text/plain");
      createReadStream(join(root, url)).on("error", () => response.writeHead(404).end()).pipe(response);
    });
    await new Promise((listening) => cdn.listen(0, "127.0.0.1", listening));
    t.after(() => cdn.close());
    const address = `http://127.0.0.1:${cdn.address().port}/web/index.js`;
    const folder = project(t, { "main.js": ENTRY.replace("micropython-ssl", address), "index.html": PAGE });
    assert.equal(await printed(t, folder, "jspi", false), PRINTED);
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
    const entry = { entryPoints: [join(folder, "page.js")], outfile: join(folder, "main.js"), bundle: true, format: "esm", logLevel: "silent" };
    await build({ ...entry, loader: { ".wasm": "file", ".mjs": "file" } });
    assert.equal(await printed(t, folder, "async", false), PRINTED);
  });

  test("inlined into one script runs from file://", { skip: existsSync(INLINED) ? false : "dist/inline.js is not built" }, async (t) => {
    const folder = project(t, { "inline.js": readFileSync(INLINED), "index.html": '<!doctype html><meta charset="utf-8"><script src="inline.js"></script>' });
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(pathToFileURL(join(folder, "index.html")).href);
    await page.evaluate(() => (window.start = window.micropythonSSL.startMicroPython));
    assert.equal(await page.evaluate(run, ["async", PROGRAM]), PRINTED);
    assert.match(await page.evaluate(() => window.start({ mode: "isolated" }).catch((error) => error.message)), /mode "async" only/);
  });
});
