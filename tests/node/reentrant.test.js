/** A program's own stream, or its verify callback, uses the SSLSocket that is using it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FILES, PROGRAMS } from "../support/reentrant.js";
import { folder, runCode } from "../support/runner.js";

for (const { title, source, check } of PROGRAMS) {
  test(title, async (t) => {
    const { code, stdout, stderr } = await runCode(source, { cwd: folder(t, FILES) });
    assert.equal(stderr, "");
    assert.equal(code, 0);
    check(stdout.trimEnd().split("\n"));
  });
}
