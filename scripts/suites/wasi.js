/** Programs in MicroPython for WASI: tests/wasi, by Node's own test runner. */

import { join } from "node:path";
import { ROOT } from "../lib/paths.js";
import { buildMicroPython } from "../micropython-wasi.js";
import { runNodeTests, testFiles } from "./node.js";

export default {
  title: "Programs in MicroPython for WASI: node --test",
  async run(title) {
    await buildMicroPython();
    return runNodeTests(title, testFiles(join(ROOT, "tests", "wasi")));
  },
};
