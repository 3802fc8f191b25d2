import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { print } from "@bytecodealliance/jco";
import { emptyComponent } from "../../scripts/lib/component-types.js";
import { ROOT } from "../../scripts/lib/paths.js";
import { componentBytes } from "../support/component.js";
import { pathsOfThisMachine } from "../support/paths.js";

/** @param {string} path */
const read = (path) => readFileSync(join(ROOT, path), "utf8");
const { version } = JSON.parse(read("package.json"));
const SOURCE = read("wit/micropython-ssl.wit");
const WASI = "0.2.12";

test("the component asks its host for entropy and the time, and for nothing else", async () => {
  const text = await print(await componentBytes());
  /** @param {"import" | "export"} kind */
  const outermost = (kind) => [...text.matchAll(new RegExp(`^ {2}\\(${kind} (?:\\$\\S+ \\(;\\d+;\\) )?"(.*?)"`, "gm"))].map(([, name]) => name);
  assert.deepEqual(outermost("import").sort(), [`wasi:clocks/wall-clock@${WASI}`, `wasi:random/random@${WASI}`]);
  assert.deepEqual(outermost("export").sort(), [`micropython:ssl/bulk@${version}`, `micropython:ssl/tls@${version}`]);
});

test("the component tells nothing of the machine that it was built on", async () => {
  assert.deepEqual(pathsOfThisMachine(await componentBytes()), []);
});

test("the component's interface is that of wit/", async () => {
  const [expected, built] = [await print(await emptyComponent()), await print(await componentBytes())];
  for (const [name, item] of Object.entries({ tls: "datagram-connection", bulk: "packed" })) {
    assert(exported(name, expected).includes(item));
    assert.equal(exported(name, built), exported(name, expected));
  }
});

test("package, crate and WIT have one version, and nothing in the WIT is said to be newer", () => {
  assert.equal(/^package micropython:ssl@(.*);$/m.exec(SOURCE)?.[1], version);
  assert.equal(/^version = "(.*)"$/m.exec(read("Cargo.toml"))?.[1], version);
  for (const file of ["wit/micropython-ssl.wit", "wit/interpreter.wit"]) {
    const since = [...read(file).matchAll(/@since\(version = (.*?)\)/g)].map(([, number]) => number);
    assert(since.length > 0 && since.every((number) => compare(number, version) <= 0), `${file}: ${since}`);
  }
});

test("everything that the WIT names is explained, and says since when it is there", () => {
  const lines = SOURCE.split("\n").map((line) => line.trim());
  const items = lines.flatMap((line, at) => {
    const name = /^(?:(?:interface|enum|record|variant|resource|world) )?([a-z][\w-]*|constructor)(?:\(.*?\))?(?:;|:|,| \{|\(|$)/.exec(line)?.[1];
    return name && !["package", "import", "export"].includes(name) ? [{ name, line, at }] : [];
  });
  assert(items.length > 80, `only ${items.length} were found`);
  for (const { name, line, at } of items) {
    const before = lines[at - 1].startsWith("@since") ? lines[at - 2] : lines[at - 1];
    assert(before.startsWith("///"), `wit/micropython-ssl.wit:${at + 1}: ${name} is not explained`);
    if (/^(interface|enum|record|variant|resource|world) /.test(line)) assert(lines[at - 1].startsWith("@since"), `${name} says not since when`);
  }
});

/**
 * The part of a component's text that has the types of an exported interface.
 *
 * @param {string} name
 * @param {string} text
 */
function exported(name, text) {
  const begin = text.indexOf(`(component $micropython:ssl/${name}@${version}-shim-component`);
  assert(begin > 0);
  let depth = 0;
  let end = begin;
  do {
    if (text[end] === "(") depth++;
    else if (text[end] === ")") depth--;
    end++;
  } while (depth > 0);
  return text.slice(begin, end);
}

/** @param {string} a @param {string} b */
function compare(a, b) {
  const [x, y] = [a, b].map((version) => version.split(".").map(Number));
  return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
}
