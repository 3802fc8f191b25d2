/** SECURITY.md names tests that exist. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { ROOT } from "../../scripts/lib/paths.js";

const promises = readFileSync(join(ROOT, "SECURITY.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| **"));

for (const promise of promises) {
  const name = /\*\*(.*?)\*\*/.exec(promise)?.[1];
  test(`a test holds the promise "${name}"`, () => {
    const named = [...promise.slice(promise.lastIndexOf(" | ")).matchAll(/`(.*?)`/g)].map(([, code]) => code);
    assert.ok(named.length);
    let source = "";
    for (const code of named) {
      if (existsSync(join(ROOT, code))) source = readFileSync(join(ROOT, code), "utf8");
      else assert.ok(source.includes(`fn ${code}()`) || source.includes(`"${code}"`), code);
    }
  });
}
