// The parts of the project stand above each other: no two import each other, directly or by others.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

test("folders of JavaScript import each other one way", () => {
  const imports = new Graph();
  for (const file of filesOf(["web", "relay", "playground"], /\.m?js$/)) {
    for (const { fileName } of ts.preProcessFile(read(file)).importedFiles) {
      if (fileName.startsWith(".")) imports.add(folderOf(file), folderOf(normalize(join(dirname(file), fileName))), file);
    }
  }
  assert.ok(imports.has("relay", "web/transports"), "the imports are not found");
  assert.equal(imports.circle(), null);
});

test("files of JavaScript import each other one way", () => {
  const imports = new Graph();
  for (const file of filesOf(["web", "relay", "playground", "scripts", "benches", "tests/support"], /\.m?js$/)) {
    for (const { fileName } of ts.preProcessFile(read(file)).importedFiles) {
      if (fileName.startsWith(".")) imports.add(file, normalize(join(dirname(file), fileName)), file);
    }
  }
  assert.equal(imports.circle(), null);
});

test("units of C include each other one way", () => {
  const includes = new Graph();
  /** @param {string} file */
  const unit = (file) => basename(file).replace(/\.[ch]$/, "");
  for (const file of filesOf(["wasi"], /^wasi\/\w+\.[ch]$/)) {
    for (const [, header] of read(file).matchAll(/^#include "(\w+\.h)"/gm)) includes.add(unit(file), unit(header), file);
  }
  assert.ok(includes.has("tlsdrive", "tlsio"), "the includes are not found");
  assert.equal(includes.circle(), null);
});

for (const crate of [".", ...readdirSync(join(ROOT, "crates")).map((name) => `crates/${name}`)]) {
  test(`modules of ${crate === "." ? "the engine" : crate} use each other one way`, () => {
    // A module and those within it may use each other.
    const folders = usesOf(join(crate, "src"));
    if (crate === ".") assert.ok(folders.get("")?.has("context", "tls"), "the uses are not found");
    for (const siblings of folders.values()) assert.equal(siblings.circle(), null);
  });
}

/** What imports what, and in which file. */
class Graph {
  /** @type {Map<string, Map<string, string>>} */
  #edges = new Map();

  /** @param {string} from @param {string} to @param {string} file */
  add(from, to, file) {
    if (from === to) return;
    const edges = this.#edges.get(from) ?? new Map();
    this.#edges.set(from, edges.set(to, file));
  }

  /** @param {string} from @param {string} to @returns {boolean} */
  has(from, to) {
    return this.#edges.get(from)?.has(to) ?? false;
  }

  /** A circle, as "a imports b (in this file), b imports …"; null if there is none. */
  circle() {
    const done = new Set();
    /** @param {string} node @param {string[]} path @returns {string | null} */
    const visit = (node, path) => {
      const start = path.indexOf(node);
      if (start >= 0) return this.#describe([...path.slice(start), node]);
      if (done.has(node)) return null;
      for (const next of this.#edges.get(node)?.keys() ?? []) {
        const found = visit(next, [...path, node]);
        if (found) return found;
      }
      done.add(node);
      return null;
    };
    for (const node of this.#edges.keys()) {
      const found = visit(node, []);
      if (found) return found;
    }
    return null;
  }

  /** @param {string[]} nodes */
  #describe(nodes) {
    return nodes.slice(1).map((to, i) => `${nodes[i]} imports ${to} (in ${this.#edges.get(nodes[i])?.get(to)})`).join(", ");
  }
}

/** @param {string[]} folders @param {RegExp} pattern */
function filesOf(folders, pattern) {
  const files = folders.flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)));
  return files.filter((file) => pattern.test(file));
}

/** @param {string} file */
function read(file) {
  return readFileSync(join(ROOT, file), "utf8");
}

/**
 * A file of web/ itself is an entry of the package or serves several folders: it stands for itself.
 *
 * @param {string} file
 */
function folderOf(file) {
  return dirname(file) === "web" ? file : dirname(file);
}

/** The uses among the modules of each folder below `root`, by folder. @param {string} root */
function usesOf(root) {
  /** @type {Map<string, string>} The path of each. */
  const modules = new Map(
    filesOf([root], /\.rs$/)
      .filter((file) => !file.includes("/tests/"))
      .map((file) => [relative(root, file).replace(/(^|\/)(mod|lib)?\.rs$/, "").replace(/\.rs$/, ""), file]),
  );
  /** @type {Map<string, Graph>} */
  const folders = new Map();
  for (const [module, file] of modules) {
    for (const used of pathsIn(read(file), module, modules)) {
      const [from, to] = [module.split("/"), used.split("/")];
      const shared = from.findIndex((name, i) => name !== to[i]);
      if (shared < 0 || to[shared] === undefined) continue; // it is the same, or one is within the other
      const folder = from.slice(0, shared).join("/");
      const graph = folders.get(folder) ?? new Graph();
      folders.set(folder, graph);
      graph.add(from[shared], to[shared], file);
    }
  }
  return folders;
}

/**
 * The modules that a file names.
 *
 * @param {string} source
 * @param {string} module
 * @param {Map<string, string>} modules
 * @returns {Generator<string>}
 */
function* pathsIn(source, module, modules) {
  const code = source.replace(/\/\/.*/g, "").split("#[cfg(test)]\nmod tests")[0];
  const inside = module === "" ? [] : module.split("/");
  for (const [, start, rest] of code.matchAll(/\b(crate|super|self)::((?:[\w:]|\{[^;]*?\}(?=;))+)/g)) {
    /** @type {Record<string, string[]>} */
    const bases = { crate: [], super: inside.slice(0, -1), self: inside };
    yield* resolved(bases[start], rest, modules);
  }
}

/**
 * The modules that a path, or a group of paths in braces, leads to.
 *
 * @param {string[]} base
 * @param {string} path
 * @param {Map<string, string>} modules
 * @returns {Generator<string>}
 */
function* resolved(base, path, modules) {
  if (path.startsWith("{")) {
    for (const part of partsOf(path)) yield* resolved(base, part, modules);
    return;
  }
  const name = /^\w*/.exec(path)?.[0] ?? "";
  const rest = path.slice(name.length + 2);
  if (name === "super") return void (yield* resolved(base.slice(0, -1), rest, modules));
  const next = [...base, name];
  if (modules.has(next.join("/"))) return void (yield* resolved(next, rest, modules));
  yield base.join("/");
}

/** The parts of `{a, b::{c, d}}`. @param {string} group */
function partsOf(group) {
  const parts = [""];
  let depth = 0;
  for (const letter of group.slice(1, -1)) {
    if (letter === "{") depth++;
    if (letter === "}") depth--;
    if (letter === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim());
}
