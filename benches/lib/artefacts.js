/** What users download: built if it is not, and measured. */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "../../scripts/build.js";
import { buildComponent } from "../../scripts/component.js";
import { measureArtefacts } from "../../scripts/lib/artefacts.js";
import { DIST } from "../../scripts/lib/paths.js";
import { PLAYGROUND, buildPlayground } from "../../scripts/lib/playground-build.js";
import { measure } from "../../scripts/lib/size.js";
import { micropythonForWasi } from "./interpreters.js";

/**
 * @param {import("./bench.js").Bench} bench
 * @returns {Promise<Record<string, import("../../scripts/lib/size.js").Size | undefined>>} By
 *   artefact; undefined for MicroPython for WASI where it cannot be built.
 */
export async function artefacts(bench) {
  await build();
  await buildComponent();
  await micropythonForWasi(bench);
  await buildPlayground();
  return {
    ...(await measureArtefacts()),
    "MicroPython's modules": measure(join(DIST, "python.js")),
    "playground, with MicroPython": measure(...filesUnder(PLAYGROUND).filter((path) => !path.endsWith(".map"))),
  };
}

/** @param {string} folder */
function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
}
