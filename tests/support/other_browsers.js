/** Firefox, by WebDriver BiDi, and WebKitGTK, by WebDriver, for tests. */

import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";
import { ask as output, which } from "../../scripts/lib/run.js";
import { freePort, missing, start } from "./programs.js";

const LIMIT = 60_000; // ms
/** What Xvfb prints, after the displays that others have. */
const DISPLAY = /^\d+\n/m;
const MINI_BROWSER = findMiniBrowser();

/**
 * @typedef {object} OtherPage
 * @property {(url: string) => Promise<void>} goto
 * @property {(expression: string) => Promise<any>} evaluate A value that JSON knows, of an
 *   expression of JavaScript in the page.
 * @property {() => number[]} processes Those that pages and their workers run in.
 * @property {() => Promise<void>} close Ends the browser.
 *
 * @typedef {object} OtherBrowser
 * @property {string} name
 * @property {string | false} missing Why it cannot be had.
 * @property {(env?: NodeJS.ProcessEnv) => Promise<OtherPage>} open
 */

/** @type {OtherBrowser[]} */
export const OTHER_BROWSERS = [
  { name: "Firefox", missing: which("firefox-esr") || which("firefox") ? false : "firefox-esr not installed", open: openFirefox },
  { name: "WebKitGTK", missing: missing("WebKitWebDriver", "Xvfb") || (MINI_BROWSER ? false : "MiniBrowser of WebKitGTK not installed"), open: openWebKit },
];

/**
 * Waits until an expression is true in a sense.
 *
 * @param {OtherPage} page
 * @param {string} expression
 */
export async function until(page, expression) {
  for (const deadline = Date.now() + LIMIT; ; await sleep(100)) {
    const value = await page.evaluate(expression);
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`never came true: ${expression}`);
  }
}

/** @type {OtherBrowser["open"]} */
async function openFirefox(more) {
  const profile = mkdtempSync(join(tmpdir(), "micropython-ssl-firefox-"));
  const name = which("firefox-esr") ? "firefox-esr" : "firefox";
  const args = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"];
  const browser = await start(name, args, { env: { HOME: profile, ...more }, ready: /WebDriver BiDi listening on (ws:\S+)/ });
  const [, address] = await browser.printed(/listening on (ws:\S+)/);
  const socket = new WebSocket(`${address}/session`);
  await once(socket, "open");
  /** @type {Map<number, {resolve: (result: any) => void, reject: (error: Error) => void}>} */
  const waiting = new Map();
  socket.on("message", (data) => {
    const { id, type, result, message } = JSON.parse(String(data));
    const { resolve, reject } = waiting.get(id) ?? {};
    waiting.delete(id);
    if (type === "error") reject?.(new Error(message));
    else resolve?.(result);
  });
  let last = 0;
  /** @param {string} method @param {object} params @returns {Promise<any>} */
  const ask = (method, params) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params }));
    });
  await ask("session.new", { capabilities: {} });
  const { contexts } = await ask("browsingContext.getTree", {});
  const [{ context }] = contexts;
  return {
    goto: async (url) => void (await ask("browsingContext.navigate", { context, url, wait: "complete" })),
    async evaluate(expression) {
      const asked = { expression: `JSON.stringify(${expression})`, target: { context }, awaitPromise: true };
      const { result, exceptionDetails } = await ask("script.evaluate", asked);
      if (exceptionDetails) throw new Error(exceptionDetails.text);
      return result.value === undefined ? undefined : JSON.parse(result.value);
    },
    processes: () => descendants(browser.child.pid, /^(Isolated )?Web Co/),
    async close() {
      socket.terminate();
      await browser.stop();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** @type {OtherBrowser["open"]} */
async function openWebKit(more) {
  const screen = await start("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"], { ready: DISPLAY });
  const [display] = await screen.printed(DISPLAY);
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), "micropython-ssl-webkit-"));
  const env = { DISPLAY: `:${display.trim()}`, HOME: home, GDK_BACKEND: "x11", LIBGL_ALWAYS_SOFTWARE: "1", ...more };
  const driver = await start("WebKitWebDriver", [`--port=${port}`], { env, port });
  /** @param {string} path @param {object} [body] */
  const ask = async (path, body, method = "POST") => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  const options = { binary: MINI_BROWSER, args: ["--automation"] };
  const { sessionId } = await ask("/session", { capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options } } });
  const session = `/session/${sessionId}`;
  return {
    goto: async (url) => void (await ask(`${session}/url`, { url })),
    async evaluate(expression) {
      const text = await ask(`${session}/execute/sync`, { script: `return JSON.stringify(${expression})`, args: [] });
      return text === null ? undefined : JSON.parse(text);
    },
    processes: () => descendants(driver.child.pid, /^WebKitWebProces/),
    async close() {
      await ask(session, undefined, "DELETE").catch(() => {});
      await driver.stop();
      await screen.stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/**
 * The processes of a name that a process has started, and those that they have started.
 *
 * @param {number | undefined} pid
 * @param {RegExp} name
 * @returns {number[]}
 */
function descendants(pid, name) {
  const all = (output("ps", ["-eo", "pid=,ppid=,comm="]) ?? "").split("\n").map((line) => /(\d+) +(\d+) (.*)/.exec(line) ?? []);
  /** @param {number} parent @returns {string[][]} */
  const below = (parent) => all.filter(([, , of]) => Number(of) === parent).flatMap((child) => [child, ...below(Number(child[1]))]);
  return below(Number(pid)).filter(([, , , called]) => name.test(called)).map(([, child]) => Number(child));
}

/** Debian has it beside the library, whose folder is named by the machine and the version. */
function findMiniBrowser() {
  for (const parent of ["/usr/lib", "/usr/libexec", ...folders("/usr/lib", /-linux-gnu$/)]) {
    for (const folder of folders(parent, /^webkit2?gtk-/)) {
      if (readdirSync(folder).includes("MiniBrowser")) return join(folder, "MiniBrowser");
    }
  }
  return null;
}

/** @param {string} parent @param {RegExp} pattern */
function folders(parent, pattern) {
  try {
    return readdirSync(parent).filter((name) => pattern.test(name)).map((name) => join(parent, name));
  } catch {
    return [];
  }
}
