/**
 * Workers of a page that collect garbage now and then, so that the page's memory shows what it
 * keeps, and not how long V8 puts off collecting: as collecting.cjs for the runner. Chromium has to
 * be started with COLLECTING.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/paths.js";
import { folder } from "../support/runner.js";

/** Chromium's arguments for it. */
export const COLLECTING = ["--js-flags=--expose-gc --max-semi-space-size=1"];

const INTERVAL = 500; // ms
/**
 * WebKitGTK's environment. All of its threads collect garbage then, without more help, and all of
 * it: else what has survived one collection stays until a full one.
 */
export const COLLECTING_WEBKIT = {
  JSC_collectContinuously: "1",
  JSC_collectContinuouslyPeriodMS: String(INTERVAL),
  JSC_useGenerationalGC: "0",
};
const OFTEN = `setInterval(gc, ${INTERVAL});\n`;
/** The program's thread does nothing else than run it; what it prints is looked at. */
const AT_OUTPUT = `const post = self.postMessage;
self.postMessage = (...args) => {
  gc();
  post.apply(self, args);
};\n`;

/**
 * What serveTestPages() is to serve instead of the package's own.
 *
 * @param {import("node:test").TestContext} t
 * @returns {{more: [string, string][], files: Record<string, string>}}
 */
export function collectingWorkers(t) {
  const workers = folder(t, { "network_worker.js": OFTEN + sourceOf("network_worker.js"), "interpreter_worker.js": AT_OUTPUT + sourceOf("interpreter_worker.js") });
  return { more: [["/micropython-ssl/web/browser/", workers]], files: { "/service_worker.js": OFTEN + sourceOf("service_worker.js") } };
}

/** @param {string} name */
function sourceOf(name) {
  return readFileSync(join(ROOT, "web", "browser", name), "utf8");
}
