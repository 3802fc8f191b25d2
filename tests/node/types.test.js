/**
 * The published types, as programs see them in the oldest and the newest compiler, and beside the
 * source that they describe.
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";

import { build } from "../../scripts/build.js";
import { ROOT, WORK } from "../../scripts/lib/paths.js";
import { run } from "../../scripts/lib/run.js";

const TYPES = join(ROOT, "tests", "types");
const LIMIT = 120; // seconds for a compiler
const COMPILERS = { "5.9": "typescript", 7: "typescript-7" };
const STRICT = { target: "es2022", module: "nodenext", strict: true, noEmit: true, skipLibCheck: false };
/** Exports that are files with an address, and nothing to import. */
const FILES = ["./inline.js", "./isolate.js", "./package.json", "./pyscript.mjs", "./service_worker.js"];

before(build); // which writes the engine's types

/**
 * What the compiler says of files of tests/types.
 *
 * @param {string} compiler Its package.
 * @param {string[]} files
 * @param {object} options The compiler's.
 */
async function compile(compiler, files, options) {
  mkdirSync(WORK, { recursive: true });
  const folder = mkdtempSync(join(WORK, "types-")); // below the package, which the programs import by its name
  try {
    const config = join(folder, "tsconfig.json");
    const typeRoots = [join(ROOT, "node_modules", "@types")];
    writeFileSync(config, JSON.stringify({ compilerOptions: { ...STRICT, typeRoots, ...options }, files: files.map((file) => join(TYPES, file)) }));
    const bin = join(ROOT, "node_modules", compiler, "bin", "tsc");
    const { code, output } = await run(process.execPath, [bin, "--project", config], { cwd: ROOT, timeout: LIMIT });
    return code === 0 ? output : `exit code ${code}: ${output}`;
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
