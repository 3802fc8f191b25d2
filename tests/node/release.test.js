/** Versions and notes of releases; tests/node/package.test.js has what is published. */

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/lib/paths.js";
import { releaseNotes, releaseVersion } from "../../scripts/lib/release.js";

/** @import { TestContext } from "node:test" */

/** @param {TestContext} t */
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
