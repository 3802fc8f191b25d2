/** What `npm run release:dry` would publish. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildComponent } from "../../scripts/component.js";
import { ROOT } from "../../scripts/lib/paths.js";
import { collectRelease, releaseNotes, releaseVersion } from "../../scripts/lib/release.js";
import { buildMicroPython } from "../../scripts/micropython-wasi.js";

function temporary(t) {
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-release-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("one version for the package, the crates, the interfaces and the changelog; another one is named", (t) => {
  const version = releaseVersion(ROOT);
  const copy = temporary(t);
  for (const path of ["package.json", "package-lock.json", "Cargo.toml", "CHANGELOG.md", "wit"]) cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  const wit = join(copy, "wit", "micropython-ssl.wit");
  writeFileSync(wit, readFileSync(wit, "utf8").replace(`micropython:ssl@${version};`, "micropython:ssl@9.9.9;"));
  assert.throws(() => releaseVersion(copy), { message: `package.json has version ${version}; wit/micropython-ssl.wit has 9.9.9` });
});

test("the notes are the changelog's section of the version", () => {
  const changelog = "# Changelog\n\n## 2.0.0 (unreleased)\n\n* new\n\n## 1.0.0\n\n* old\n";
  assert.equal(releaseNotes(changelog, "2.0.0"), "* new\n");
  assert.equal(releaseNotes(changelog, "1.0.0"), "* old\n");
  assert.throws(() => releaseNotes(changelog, "3.0.0"), /says nothing of 3\.0\.0/);
});

test("a release has its files with their checksums, and crates with nothing but their own", async (t) => {
  await buildComponent();
  await buildMicroPython();
  const folder = temporary(t);
  const { version, files, crates } = collectRelease(ROOT, folder);
  assert.deepEqual(files.map(({ name }) => name), [
    `micropython-ssl-${version}.tgz`,
    "micropython.wasm",
    "micropython-ssl.component.wasm",
    `micropython-ssl-${version}-wit.tar.gz`,
  ]);
  const checked = execFileSync("sha256sum", ["--check", "SHA256SUMS"], { cwd: folder, encoding: "utf8" });
  assert.equal(checked.match(/: OK$/gm).length, files.length);
  for (const [crate, paths] of Object.entries(crates)) {
    assert.deepEqual(paths.filter((path) => !/^(src|wit|benches|tests)\/|^[^/]+$/.test(path)), [], crate);
  }
});
