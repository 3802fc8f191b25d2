/**
 * A peer that the program's callback refuses: the same exception and the same alert in every shell.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";

import { installMicroPython } from "../../web/index.node.js";
import { OUTPUT, PROGRAM } from "../support/refused.js";
import { runCode, runnerOnly } from "../support/runner.js";

test("a refused server is the same error and gets the same alert over TLS and DTLS", async () => {
  const { stdout, stderr } = await runCode(PROGRAM);
  assert.deepEqual({ stdout, stderr }, { stdout: OUTPUT, stderr: "" });
});

const skip = runnerOnly("npm's MicroPython does not run there");
test("and in npm's MicroPython, which has another shell", { skip }, async (t) => {
  let printed = "";
  const mp = await loadMicroPython({ pystack: 16 * 1024, heapsize: 4 * 1024 * 1024, linebuffer: false });
  const installation = await installMicroPython(mp, { stdout: (text) => (printed += text) });
  t.after(() => installation.close());
  await mp.runPythonAsync(PROGRAM);
  await null; // what was printed last is on its way
  assert.equal(printed, OUTPUT);
});
