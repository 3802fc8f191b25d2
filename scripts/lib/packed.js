/** The package as npm packs it. */

import { join } from "node:path";
import { buildComponent } from "../component.js";
import { buildMicroPython } from "../micropython-wasi.js";
import { ROOT } from "./paths.js";
import { buildPlayground } from "./playground-build.js";
import { check } from "./run.js";

/** Builds what is in the package and not made by `npm run build`. */
export async function buildPacked() {
  await buildComponent();
  await buildMicroPython();
  await buildPlayground();
}

/**
 * Packs the package, as it is built, into a folder.
 *
 * @param {string} folder
 * @returns {Promise<string>} The tarball.
 */
export async function pack(folder) {
  return join(folder, (await check("npm", ["pack", "--silent", "--ignore-scripts", ROOT], { cwd: folder })).trim());
}
