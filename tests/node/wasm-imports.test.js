import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { plainName, unexpectedImports } from "../../scripts/lib/wasm-imports.js";
import { pathsOfThisMachine } from "../support/paths.js";

const ENGINE = new URL("../../dist/engine/micropython_ssl_bg.wasm", import.meta.url);

test("the engine asks its host for nothing but entropy and wasm-bindgen's glue", () => {
  assert.deepEqual(unexpectedImports(readFileSync(ENGINE)), []);
});

test("the engine tells nothing of the machine that it was built on", () => {
  assert.deepEqual(pathsOfThisMachine(readFileSync(ENGINE)), []);
});

test("an import that is not on the list is named", () => {
  // (module (import "env" "now" (func)))
  const wasm = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 11, 1, 3, 101, 110, 118, 3, 110, 111, 119, 0, 0);
  assert.deepEqual(unexpectedImports(wasm), ["env.now"]);
});

test("wasm-bindgen's hashes are no part of an import's name", () => {
  assert.equal(plainName("__wbg_getRandomValues_1c61fac11405ffdc"), "__wbg_getRandomValues");
  assert.equal(plainName("__wbg___wbindgen_throw_39bc967c0e5a9b58"), "__wbindgen_throw");
});
