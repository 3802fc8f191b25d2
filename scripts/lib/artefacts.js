/** What users download, and how large it is. */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
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
  /** @type {Record<string, import("./size.js").Size | undefined>} */
  const sizes = { [PAGE_SCRIPTS]: await bundled(PAGE), [PLAYGROUND_SCRIPTS]: await bundled([join(ROOT, "playground", "main.js")]) };
  for (const [name, file] of Object.entries(FILES)) {
    const path = join(DIST, file);
    sizes[name] = existsSync(path) ? measure(path) : undefined;
  }
  return sizes;
}

/** @param {string[]} entryPoints */
async function bundled(entryPoints) {
  const { build } = await import("esbuild"); // not there before the set-up
  const options = /** @type {const} */ ({ outdir: "/", bundle: true, splitting: true, minify: true, format: "esm", target: "es2022", write: false, metafile: true });
  const scripts = entryPoints.map(async (entryPoint) => importedAtOnce(entryPoint, await build({ entryPoints: [entryPoint], ...options })));
  return measureBytes(...(await Promise.all(scripts)).flat());
}

/**
 * The scripts of a bundle without those that are imported only when they are needed.
 *
 * @param {string} entryPoint
 * @param {import("esbuild").BuildResult<{write: false, metafile: true}>} built
 */
function importedAtOnce(entryPoint, { outputFiles, metafile: { outputs } }) {
  const needed = new Set(Object.keys(outputs).filter((path) => resolve(outputs[path].entryPoint ?? "") === entryPoint));
  for (const path of needed) {
    const { imports } = outputs[path];
    for (const { kind, path: imported } of imports) if (kind === "import-statement") needed.add(imported);
  }
  const paths = new Set([...needed].map((path) => resolve(path)));
  return outputFiles.filter(({ path }) => paths.has(path)).map(({ contents }) => contents);
}
