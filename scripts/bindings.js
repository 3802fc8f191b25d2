/**
 * `npm run bindings`: makes wasi/bindings anew, the C by which MicroPython for WASI calls what
 * wit/interpreter.wit names.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT, TOOLS } from "./lib/paths.js";
import { runMain } from "./lib/progress.js";
import { check } from "./lib/run.js";
import { setUp } from "./setup.js";

export const BINDINGS = join(ROOT, "wasi", "bindings");

/**
 * Lets wit-bindgen write them. The set-up has to be complete, with `tests`.
 *
 * @param {string} folder Where to.
 */
export async function generateBindings(folder) {
  await check(join(TOOLS, "wit-bindgen"), ["c", join(ROOT, "wit"), "--world", "interpreter", "--out-dir", folder]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runMain(async () => {
    await setUp({ tests: true });
    await generateBindings(BINDINGS);
  });
}
