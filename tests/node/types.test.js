/**
 * The published types, as programs see them in the oldest and the newest compiler, and beside the
 * source that they describe.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { build } from "../../scripts/build.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TYPES = join(ROOT, "tests", "types");
const COMPILERS = { "5.9": "typescript", 7: "typescript-7" };
const STRICT = { target: "es2022", module: "nodenext", strict: true, noEmit: true, skipLibCheck: false };
/** Exports that are files with an address, and nothing to import. */
const FILES = ["./inline.js", "./isolate.js", "./package.json", "./pyscript.mjs", "./service_worker.js"];

await build(); // which writes the engine's types

/** What the compiler says of files of tests/types. */
async function compile(compiler, files, options) {
  const folder = mkdtempSync(join(TYPES, "compiled-"));
  try {
    const config = join(folder, "tsconfig.json");
    writeFileSync(config, JSON.stringify({ compilerOptions: { ...STRICT, ...options }, files: files.map((file) => join(TYPES, file)) }));
    const bin = join(ROOT, "node_modules", compiler, "bin", "tsc");
    return (await promisify(execFile)(process.execPath, [bin, "--project", config], { cwd: ROOT })).stdout;
  } catch (error) {
    return error.stdout || String(error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const [version, compiler] of Object.entries(COMPILERS)) {
  test(`TypeScript ${version}: a program without a page's and Node's types compiles`, async () => {
    assert.equal(await compile(compiler, ["plain.ts"], { lib: ["es2022", "esnext.disposable"], types: [] }), "");
  });

  test(`TypeScript ${version}: a program for Node compiles`, async () => {
    assert.equal(await compile(compiler, ["node.ts"], { lib: ["es2022"], types: ["node"] }), "");
  });

  test(`TypeScript ${version}: a page compiles`, async () => {
    assert.equal(await compile(compiler, ["page.ts"], { lib: ["es2022", "dom", "dom.iterable", "dom.asynciterable"], types: [] }), "");
  });
}

test("every export of the package has types, but for files that are only fetched", () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const untyped = Object.keys(exports).filter((name) => exports[name].types === undefined);
  assert.deepEqual(untyped.sort(), FILES);
  const programs = ["plain.ts", "node.ts", "page.ts"].map((file) => readFileSync(join(TYPES, file), "utf8")).join("");
  for (const name of Object.keys(exports)) {
    if (FILES.includes(name)) continue;
    assert.ok(programs.includes(`"micropython-ssl${name.slice(1)}"`), `no program of tests/types imports ${name}`);
  }
});
