/** docs/dependencies.md names every direct dependency, and nothing else. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { ROOT } from "../../scripts/lib/paths.js";

/** @param {...string} path */
const read = (...path) => readFileSync(join(ROOT, ...path), "utf8");

/**
 * The crates of a manifest's tables of dependencies, but those of this repository.
 *
 * @param {string} manifest
 */
function crates(manifest) {
  const names = [];
  let table = "";
  for (const line of manifest.split("\n")) {
    table = /^\[(.*)\]$/.exec(line)?.[1] ?? table;
    const [, name, value] = /^([\w-]+) = (.*)$/.exec(line) ?? [];
    if (!name || !table.endsWith("dependencies") || value.includes("path =") || value.includes("workspace = true")) continue;
    names.push(/package = "(.*?)"/.exec(value)?.[1] ?? name);
  }
  return names;
}

test("docs/dependencies.md has a row for each direct dependency and no other", () => {
  const { dependencies, devDependencies } = JSON.parse(read("package.json"));
  const manifests = [".", "fuzz", ...readdirSync(join(ROOT, "crates")).map((name) => join("crates", name))];
  const ofRust = manifests.flatMap((folder) => crates(read(folder, "Cargo.toml")));
  const real = [...ofRust, ...Object.keys({ ...dependencies, ...devDependencies })];
  const rows = read("docs", "dependencies.md").split("\n").filter((line) => line.startsWith("| `"));
  const named = rows.flatMap((row) => [...row.split(" | ")[0].matchAll(/`(.*?)`/g)].map(([, name]) => name));
  assert.deepEqual([...new Set(named)].sort(), [...new Set(real)].sort());
});
