/** The inlined build: one classic script that sets `micropythonSSL`, and the same as a module. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DIST, ROOT } from "./paths.js";

export const INLINE_INPUTS = ["dist/engine", "web", "package-lock.json", "scripts/lib/inline.js"];
export const INLINE = join(DIST, "inline.js");

/** Builds dist/inline.js and dist/inline.mjs. */
export async function buildInline() {
  const { build } = await import("esbuild");
  /** @type {import("esbuild").BuildOptions} */
  const common = {
    entryPoints: [join(ROOT, "web", "inline.js")],
    bundle: true,
    minify: true,
    target: "es2022",
    logLevel: "warning",
    logOverride: { "empty-import-meta": "silent" },
    loader: { ".wasm": "binary" },
    plugins: [{ name: "text of MicroPython", setup: (build) => build.onLoad({ filter: /micropython\.mjs$/ }, ({ path }) => ({ contents: readFileSync(path, "utf8"), loader: "text" })) }],
  };
  await build({ ...common, format: "iife", globalName: "micropythonSSL", outfile: INLINE });
  await build({ ...common, format: "esm", outfile: join(DIST, "inline.mjs") });
}
