/**
 * `npm run release:dry`: builds everything from a clean checkout of the last commit, runs all tests
 * there, and puts what would be published into dist/release: the tarball for npm, the components,
 * the interfaces, checksums and notes. Publishes nothing. With `--skip-tests` it runs no tests.
 */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DIST, ROOT, WORK } from "./lib/paths.js";
import { Problem, runMain, shortPath, step } from "./lib/progress.js";
import { checkComponents, collectRelease, releaseVersion } from "./lib/release.js";
import { ask, check } from "./lib/run.js";
import { obtain } from "./lib/wheel.js";

const CHECKOUT = join(WORK, "release");
const LOG = join(WORK, "log", "release.log");
const FOLDER = join(DIST, "release");

await runMain(async () => {
  const { values } = parseArgs({ options: { "skip-tests": { type: "boolean" } } });
  releaseVersion(ROOT);
  const changed = ask("git", ["-C", ROOT, "status", "--porcelain"]);
  if (changed) throw new Problem(`A release is made of a commit, and these files are in none:\n${changed.trimEnd()}`);
  rmSync(LOG, { force: true });
  await step("A clean checkout", async () => {
    rmSync(CHECKOUT, { recursive: true, force: true });
    await check("git", ["clone", "--quiet", ROOT, CHECKOUT], { log: LOG });
  });
  /** @param {string} title @param {...string} command */
  const run = (title, ...command) => step(title, ({ note }) => check("npm", command, { cwd: CHECKOUT, log: LOG, onLine: note }));
  await run("Packages from npm", "ci", "--no-audit", "--no-fund");
  if (!values["skip-tests"]) await run("All tests", "test");
  await run("Everything that is published", "run", "prepack");
  // cargo builds each crate from what it would publish.
  await step("The crates", ({ note }) => check("cargo", ["publish", "--dry-run", "--workspace"], { cwd: CHECKOUT, log: LOG, onLine: note }));
  await step("The components", async ({ note }) => {
    const wasmTools = await obtain("wasm-tools", note);
    if (wasmTools.reason !== undefined) throw new Problem(wasmTools.reason);
    checkComponents(CHECKOUT, wasmTools.program);
  });
  show(await step("The release", () => collectRelease(CHECKOUT, FOLDER)));
});

/** @param {ReturnType<typeof collectRelease>} release */
function show({ version, files, tarball, crates }) {
  console.log(`\nVersion ${version}, in ${shortPath(FOLDER)}:`);
  for (const { name, size, sha256 } of files) console.log(`  ${name.padEnd(36)} ${String(Math.ceil(size / 1024)).padStart(6)} KB  ${sha256}`);
  console.log(`\nnpm publish --provenance has ${tarball.length} files:\n  ${tarball.join("\n  ")}`);
  for (const [crate, paths] of Object.entries(crates)) console.log(`\ncargo publish -p ${crate} has ${paths.length} files:\n  ${paths.join("\n  ")}`);
  console.log(`
wkg wit build, in the folder of wit/, makes the package micropython:ssl@${version}, which wkg publish takes.
wkg oci push REGISTRY/micropython-ssl:${version} takes micropython-ssl.component.wasm, and so with micropython.wasm.
NOTES.md has the notes, SHA256SUMS the checksums.`);
}
