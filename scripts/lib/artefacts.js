/** What users download, and how large it is. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { DIST, ROOT } from "./paths.js";
import { measure, measureBytes } from "./size.js";

/** Scripts of a page: what it imports, and its two workers. */
const PAGE = ["index.js", "browser/interpreter_worker.js", "browser/network_worker.js"].map((name) => join(ROOT, "web", name));

/** Files of dist/ by artefact. */
const FILES = {
  "engine.wasm": "engine/micropython_ssl_bg.wasm",
  "all in one file, with MicroPython": "inline.mjs",
  "engine as a component": "micropython-ssl.component.wasm",
  "MicroPython for WASI, with the engine": "micropython.wasm",
  "MicroPython for hosts in JavaScript": "micropython.host.wasm",
};

/**
 * Those that are no file: a page's own scripts, and the playground's, as a bundler makes them,
 * without wasm.
 */
const PAGE_SCRIPTS = "JavaScript of a page";
const PLAYGROUND_SCRIPTS = "JavaScript of the playground's page";

/**
 * Measures what is built; builds nothing.
 *
 * @returns {Promise<Record<string, import("./size.js").Size | undefined>>} By artefact; undefined
 *   for what is not built.
 */
export async function measureArtefacts() {
  const sizes = { [PAGE_SCRIPTS]: await bundled(PAGE), [PLAYGROUND_SCRIPTS]: await bundled([join(ROOT, "playground", "main.js")]) };
  for (const [name, file] of Object.entries(FILES)) {
    const path = join(DIST, file);
    sizes[name] = existsSync(path) ? measure(path) : undefined;
  }
  return sizes;
}

async function bundled(entryPoints) {
  const { build } = await import("esbuild"); // not there before the set-up
  const options = { outdir: "/", bundle: true, minify: true, format: "esm", target: "es2022", write: false };
  const { outputFiles } = await build({ entryPoints, ...options });
  return measureBytes(...outputFiles.map(({ contents }) => contents));
}
