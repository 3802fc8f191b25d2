/** The documents: every link leads somewhere, here and on the site. */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { tmpdir } from "node:os";
import { after, before, describe, test } from "node:test";
import { headingId } from "../../scripts/lib/documents.js";
import { ROOT } from "../../scripts/lib/paths.js";
import { DOCUMENTS, buildSite } from "../../scripts/lib/site.js";
import { PATHS, tokens } from "../support/documents.js";

/** @import { Token } from "marked" */

for (const path of PATHS) {
  test(`every link of ${path} leads to a file, and to a heading in it`, () => {
    const dead = links(path).filter((href) => !resolves(path, href));
    assert.deepEqual(dead, []);
  });
}

test("docs/architecture.md names files and functions that are there", () => {
  const text = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");
  const files = [...text.matchAll(/\b(?:src|crates|wasi|web|relay|tests)\/[\w./-]*\.\w+/g)].map(([path]) => path);
  const functions = [...text.matchAll(/(\w+)\(\)/g)].map(([, name]) => name);
  assert.ok(files.length > 40 && functions.length > 20, "the names are not found");
  const code = ["src", "wasi", "web"].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) => join(ROOT, folder, name)))
    .filter((path) => /\.(rs|c|js|py)$/.test(path))
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");
  assert.deepEqual(files.filter((path) => !existsSync(join(ROOT, path))), []);
  assert.deepEqual(functions.filter((name) => !new RegExp(`\\b${name}\\b`).test(code)), []);
});

describe("the site", () => {
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-site-"));
  before(() => buildSite({ folder, playground: false }));
  after(() => rmSync(folder, { recursive: true }));

  test("every link and picture of its pages leads somewhere", () => {
    const pages = readdirSync(folder).filter((name) => name.endsWith(".html"));
    assert.equal(pages.length, Object.keys(DOCUMENTS).length);
    const ids = Object.fromEntries(pages.map((name) => [name, [...read(folder, name).matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)]));
    const dead = [];
    for (const page of pages) {
      for (const [, href] of read(folder, page).matchAll(/ (?:href|src)="([^"]*)"/g)) {
        const [target, fragment] = href.split("#");
        if (/^https?:/.test(target) || target === "playground/") continue;
        const file = target || page;
        if (!existsSync(join(folder, file)) || (fragment && !ids[file]?.includes(fragment))) dead.push(`${page}: ${href}`);
      }
    }
    assert.deepEqual(dead, []);
  });
});

/** @param {...string} path */
function read(...path) {
  return readFileSync(join(...path), "utf8");
}

/** @param {string} path */
function links(path) {
  return tokens(path).flatMap((token) => (token.type === "link" || token.type === "image" ? [token.href] : [])).filter((href) => !/^(https?|mailto):/.test(href));
}

/** @param {string} path @param {string} href */
function resolves(path, href) {
  const [target, fragment] = href.split("#");
  const file = target ? relative(ROOT, resolve(ROOT, dirname(path), target)) : path;
  if (!existsSync(join(ROOT, file))) return false;
  return !fragment || !file.endsWith(".md") || headings(file).includes(fragment);
}

/** @param {Token} token */
const textOf = (token) => ("text" in token ? token.text : "");

/** @param {string} path */
function headings(path) {
  const ids = new Map();
  return tokens(path).flatMap((token) => (token.type === "heading" ? [headingId(token.tokens.map(textOf).join(""), ids)] : []));
}
