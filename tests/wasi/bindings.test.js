// wasi/bindings is in the repository, so that building needs no wit-bindgen; `npm run bindings`
// makes it anew.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BINDINGS, generateBindings } from "../../scripts/bindings.js";

test("the C bindings are what wit-bindgen makes of wit/", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-bindings-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await generateBindings(folder);
  assert.deepEqual(readdirSync(BINDINGS).sort(), readdirSync(folder).sort());
  for (const name of readdirSync(folder)) {
    assert.ok(readFileSync(join(folder, name)).equals(readFileSync(join(BINDINGS, name))), `${name} is another one: npm run bindings`);
  }
});
