/**
 * The playground for tests, as a person uses it: built into a folder of its own, shown with its
 * services, in Chromium.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { buildPlayground } from "../../scripts/lib/playground-build.js";
import { siteFiles, sitePolicy, startServices } from "../../scripts/lib/playground-services.js";
import { serve } from "../../web/node/serve.js";
import { openPage, startBrowser } from "./browser.js";

/** @import { Browser, TestPage } from "./browser.js" */

/** The folder that it is built into. @type {string} */
export let folder;
/** @type {Awaited<ReturnType<typeof startServices>>} */
export let services;
/** Shows it, isolated and with a relay. @type {Awaited<ReturnType<typeof serve>>} */
export let server;
/** @type {Browser} */
let browser;
/**
 * The page that was opened last, which the functions below use.
 *
 * @type {TestPage}
 */
export let page;

/** Builds and shows it for the tests of this file; to be called where they are described. */
export function withPlayground() {
  before(async () => {
    await withSite();
    server = await show();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.stop();
    await server?.close();
    await endSite();
  });
}

/** Builds it and starts its services, for browsers of another kind. */
export async function withSite() {
  folder = mkdtempSync(join(tmpdir(), "micropython-ssl-playground-"));
  await buildPlayground({ folder, minify: false });
  services = await startServices();
}

export async function endSite() {
  await services?.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Shows it by a server of its own. @param {Partial<Parameters<typeof serve>[0]>} [options] */
export function show(options = {}) {
  return serve({ mounts: [["/", folder]], files: siteFiles(services, folder), policy: sitePolicy(folder), allow: [...services.targets, "127.0.0.1:*"], ...options });
}

/**
 * Opens it as at a first visit, in a state in which it can run programs.
 *
 * @param {import("node:test").TestContext} t
 */
export async function open(t, path = "/", site = server) {
  await page?.close(); // An earlier one would keep what it has in the same storage.
  await blank(t, site);
  await page.addInitScript(() => {
    if (sessionStorage.visited) return;
    localStorage.clear();
    sessionStorage.visited = true;
  });
  await page.goto(new URL(path, site.url).href);
  await state(/^Ready$/);
  return page;
}

/** A page with nothing in it yet. @param {import("node:test").TestContext} t */
export async function blank(t, site = server) {
  const opened = await openPage(browser, site, "about:blank");
  page = opened;
  t.after(() => opened.close());
  return opened;
}

/** Waits for what the page says of itself. @param {RegExp} pattern */
export function state(pattern) {
  return page.waitForFunction((text) => new RegExp(text).test(document.getElementById("state")?.textContent ?? ""), pattern.source);
}

export function output() {
  return page.innerText("#terminal");
}

/** Waits until the program has printed a text. @param {string} text */
export function printed(text) {
  return page.waitForFunction((text) => document.getElementById("terminal")?.innerText.includes(text), text);
}

/** @param {string} example */
export async function choose(example) {
  await page.selectOption("#examples", example);
  const first = readFileSync(join(folder, "examples", `${example}.py`), "utf8").split("\n")[0];
  await page.waitForFunction((first) => document.querySelector(".cm-line")?.textContent === first, first);
}

/** Puts another program into the editor, as typing would. @param {string} program */
export async function type(program) {
  await page.click(".cm-content");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    document.activeElement?.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, program);
}

export async function run() {
  await page.click("#run");
  await state(/^(Done|Failed|Stopped)/);
}
