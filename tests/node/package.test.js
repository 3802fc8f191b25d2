/** What the npm package promises to those who import it. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import * as everything from "../../web/index.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("every export has a type, and every type of a value is exported", () => {
  const types = readFileSync(new URL("../../web/index.d.ts", import.meta.url), "utf8");
  const declared = [...types.matchAll(/^export (?:function|class|const) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual([...new Set(declared)].sort(), Object.keys(everything).sort());
});

test("the package has what its entry points name, and the engine", () => {
  const [{ files }] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  const paths = new Set(files.map(({ path }) => path));
  const { bin, exports } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const named = [...Object.values(bin), ...Object.values(exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)))];
  for (const path of [...named.map((path) => path.replace("./", "")), "dist/engine/micropython_ssl_bg.wasm", "LICENSE-MIT", "README.md"]) {
    assert.ok(paths.has(path), `${path} is not in the package`);
  }
  assert.equal([...paths].filter((path) => /^(src|tests|target)\//.test(path)).length, 0);
});

test("one version for the crate, the package and the WIT interface", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  assert.match(readFileSync(new URL("../../Cargo.toml", import.meta.url), "utf8"), new RegExp(`^version = "${version}"$`, "m"));
  assert.match(readFileSync(new URL("../../wit/micropython-ssl.wit", import.meta.url), "utf8"), new RegExp(`^package micropython:ssl@${version};$`, "m"));
});
