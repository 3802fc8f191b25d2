/** Programs in MicroPython for WASI: tests/wasi, and the tests of tests/node that say the same of both runtimes. */

import { join } from "node:path";
import { ROOT } from "../lib/paths.js";
import { precompiled, wasmtimeCommand } from "../lib/wasmtime.js";
import { buildMicroPython } from "../micropython-wasi.js";
import { runNodeTests, testFiles } from "./node.js";

const SHARED = ["asyncio", "bad-peers", "examples", "extensions", "select", "socket"].map((name) => join(ROOT, "tests", "node", `${name}.test.js`));

export default {
  title: "Programs in MicroPython for WASI: node --test",
  async run(title) {
    const command = wasmtimeCommand(await precompiled(await buildMicroPython()), { folders: [".", "/tmp::/tmp"] });
    return runNodeTests(title, [...testFiles(join(ROOT, "tests", "wasi")), ...SHARED], { TEST_INTERPRETER: JSON.stringify(command) });
  },
};
