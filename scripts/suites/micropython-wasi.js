/** MicroPython's own tests on MicroPython for WASI. */

import { wasiRunner } from "../../tests/micropython/interpreters.js";
import { precompiled } from "../lib/wasmtime.js";
import { buildMicroPython } from "../micropython-wasi.js";
import { runListed, testedTree } from "./micropython.js";

export default {
  title: "MicroPython's own tests on MicroPython for WASI",
  /** @param {string} title */
  async run(title) {
    const compiled = await precompiled(await buildMicroPython());
    const interpreter = wasiRunner(compiled, await testedTree());
    return runListed(title, "expectations.json", { interpreter, runtime: "wasmtime" });
  },
};
