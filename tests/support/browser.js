/** Chromium for tests, driven by playwright-core; and a server with pages for it. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { which } from "../../scripts/lib/run.js";
import { serve } from "../../web/node/serve.js";

/**
 * @import { BrowserContext, Page } from "playwright-core"
 *
 * @typedef {BrowserContext & {stop: () => Promise<void>}} Browser
 * @typedef {Page & {problems: string[]}} TestPage What it logs or throws is kept in `problems`.
 */

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ARGS = [
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** How Chromium is started here: root has no sandbox. */
export const chromiumArguments = process.getuid?.() === 0 ? [...ARGS, "--no-sandbox"] : ARGS;

export const chromiumPath = which("chromium") ?? which("chromium-browser") ?? which("google-chrome");

/** A reason to skip tests that need a browser. */
export const missingBrowser = chromiumPath ? false : "chromium not installed";

/**
 * Modes in which programs block: whether the page is isolated, and where it is.
 *
 * @type {{mode: "isolated" | "jspi" | "service-worker", isolate: boolean, path: string}[]}
 */
export const MODES = [
  { mode: "isolated", isolate: true, path: "/" },
  { mode: "jspi", isolate: false, path: "/" },
  { mode: "service-worker", isolate: false, path: "/?mode=service-worker" },
];

/**
 * Starts a browser of its own, without what it would fetch by itself.
 *
 * @returns {Promise<Browser>}
 */
export async function startBrowser() {
  const profile = mkdtempSync(join(tmpdir(), "micropython-ssl-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    headless: true,
    args: chromiumArguments,
  });
  const stop = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return Object.assign(context, { stop });
}

/**
 * Serves the package as `micropython-ssl serve` does, and the pages of tests/browser/pages.
 *
 * @param {Partial<Parameters<typeof serve>[0]> & {more?: [string, string][]}} [options] `more`
 *   folders to serve, by path.
 */
export function serveTestPages({ more = [], ...options } = {}) {
  const micropython = createRequire(import.meta.url).resolve("@micropython/micropython-webassembly-pyscript/micropython.mjs");
  return serve({
    mounts: [
      ...more,
      ["/micropython-ssl/web/", join(ROOT, "web")],
      ["/micropython-ssl/dist/", join(ROOT, "dist")],
      ["/micropython-ssl/micropython/", dirname(micropython)],
      ["/", join(ROOT, "tests/browser/pages")],
    ],
    files: Object.fromEntries(["service_worker.js", "isolate.js"].map((name) => [`/${name}`, readFileSync(join(ROOT, "web/browser", name))])),
    allow: ["127.0.0.1:*", "localhost:*"],
    udp: true,
    ...options,
  });
}

/**
 * A page that is open at a path of the server.
 *
 * @param {BrowserContext} context
 * @param {{url: string}} server
 * @returns {Promise<TestPage>}
 */
export async function openPage(context, server, path = "/") {
  /** @type {string[]} */
  const problems = [];
  const page = Object.assign(await context.newPage(), { problems });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.goto(new URL(path, server.url).href);
  return page;
}

/**
 * Runs a program in a page of tests/browser/pages that has started MicroPython.
 *
 * @param {Page} page
 * @param {Parameters<Window["run"]>} program
 */
export function runIn(page, ...program) {
  return page.evaluate(([code, options]) => window.run(code, options), program);
}
