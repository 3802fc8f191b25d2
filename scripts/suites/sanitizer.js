/**
 * Programs in a MicroPython for WASI whose C of ours traps where it does what is undefined, or uses
 * memory of malloc() that is not its own.
 */

import { join } from "node:path";
import { ROOT } from "../lib/paths.js";
import { precompiled } from "../lib/wasmtime.js";
import { buildSanitizedMicroPython } from "../micropython-wasi.js";
import { testFiles } from "./node.js";
import { shared } from "./shared.js";
import { runInWasmtime } from "./wasi.js";

export default {
  title: "Our C of MicroPython for WASI, sanitized",
  /** @param {string} title */
  async run(title) {
    const files = [...testFiles(join(ROOT, "tests", "wasi")), ...shared.ofC];
    return runInWasmtime(title, files, await precompiled(await buildSanitizedMicroPython()));
  },
};
