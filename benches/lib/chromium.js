/**
 * Chromium as users have it: driven by nothing but evaluations in its pages. A driver for tests
 * watches the network of every page and worker, and has each message of a WebSocket sent to it.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithUs } from "../../scripts/lib/run.js";
import { chromiumArguments, chromiumPath } from "../../tests/support/browser.js";

/**
 * @import { Readable, Writable } from "node:stream"
 *
 * @typedef {(method: string, params?: object, sessionId?: string) => Promise<any>} Send Sends a
 *   command; resolves with its result.
 */

/**
 * Descriptors by which Chromium takes commands and answers, each message ended by NUL.
 *
 * @type {("ignore" | "pipe")[]}
 */
const PIPES = ["ignore", "ignore", "ignore", "pipe", "pipe"];

/**
 * @typedef {object} Page
 * @property {(name: string, ...args: any[]) => Promise<any>} call Calls a global function of the
 *   page, with arguments and a result as JSON has them; waits for the function to be there.
 * @property {() => Promise<void>} activate Makes it the one in front; others run with less
 *   priority.
 */

/**
 * @param {string[]} [more] Further arguments.
 * @returns {Promise<{open: (url: string) => Promise<Page>, renderers: () => Promise<number[]>,
 *   stop: () => Promise<void>}>}
 */
export async function startChromium(more = []) {
  const profile = mkdtempSync(join(tmpdir(), "micropython-ssl-chromium-"));
  const args = ["--headless=new", "--remote-debugging-pipe", `--user-data-dir=${profile}`, ...chromiumArguments, ...more, "about:blank"];
  if (!chromiumPath) throw new Error("there is no Chromium");
  const child = spawn(chromiumPath, args, { stdio: PIPES, detached: true });
  endWithUs(child.pid);
  const send = commands(/** @type {Writable} */ (child.stdio[3]), /** @type {Readable} */ (child.stdio[4]));
  return {
    async open(url) {
      const { targetId } = await send("Target.createTarget", { url: "about:blank" });
      const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
      await send("Page.navigate", { url }, sessionId);
      return {
        call: (name, ...args) => evaluate(send, `(${callWhenDefined})(${JSON.stringify(name)}, ${JSON.stringify(args)})`, sessionId),
        activate: () => send("Target.activateTarget", { targetId }),
      };
    },
    /** The processes that pages run in. */
    async renderers() {
      const { processInfo } = await send("SystemInfo.getProcessInfo");
      return processInfo.filter((/** @type {{type: string}} */ { type }) => type === "renderer").map((/** @type {{id: number}} */ { id }) => id);
    },
    async stop() {
      const gone = once(child, "exit");
      await send("Browser.close");
      await gone;
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** @param {Send} send @param {string} expression @param {string} sessionId */
async function evaluate(send, expression, sessionId) {
  const options = { expression, awaitPromise: true, returnByValue: true };
  const { result, exceptionDetails } = await send("Runtime.evaluate", options, sessionId);
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

/** Runs in the page. @param {string} name @param {unknown[]} args */
async function callWhenDefined(name, args) {
  const page = /** @type {Record<string, any>} */ (globalThis);
  while (!page[name]) await new Promise((resolve) => setTimeout(resolve, 10));
  return page[name](...args);
}

/**
 * A function that sends a command and resolves with its result.
 *
 * @param {Writable} output
 * @param {Readable} input
 * @returns {Send}
 */
function commands(output, input) {
  /** @type {Map<number, {resolve: (result: any) => void, reject: (error: Error) => void}>} */
  const waiting = new Map();
  let last = 0;
  let unread = "";
  input.setEncoding("utf8").on("data", (text) => {
    const messages = (unread + text).split("\0");
    unread = messages.pop() ?? "";
    for (const { id, result, error } of messages.map((message) => JSON.parse(message))) {
      const { resolve, reject } = waiting.get(id) ?? {};
      waiting.delete(id);
      if (error) reject?.(new Error(error.message));
      else resolve?.(result);
    }
  });
  input.on("close", () => {
    for (const { reject } of waiting.values()) reject(new Error("Chromium ended"));
  });
  return (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      output.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
    });
}
