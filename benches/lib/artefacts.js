/** What users download, and how large it is. */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "../../scripts/build.js";
import { buildComponent } from "../../scripts/component.js";
import { DIST } from "../../scripts/lib/paths.js";
import { PLAYGROUND, buildPlayground } from "../../scripts/lib/playground-build.js";
import { measure } from "../../scripts/lib/size.js";

/**
 * Builds what is missing, and measures it.
 *
 * @returns {Promise<Record<string, {raw: number, brotli: number}>>} Bytes by artefact.
 */
export async function artefacts() {
  const engine = await build();
  const component = await buildComponent();
  await buildPlayground();
  const files = {
    "engine.wasm": [engine],
    "micropython-ssl.component.wasm": [component],
    "MicroPython's modules": [join(DIST, "python.js")],
    playground: filesUnder(PLAYGROUND).filter((path) => !path.endsWith(".map")),
  };
  return Object.fromEntries(Object.entries(files).map(([name, paths]) => [name, measure(...paths)]));
}

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true }).map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
}
