/** Comments that are too wide are wrapped, and nothing else is touched. */

import assert from "node:assert/strict";
import test from "node:test";
import { wrapComments } from "../../scripts/lib/comments.js";

/** @param {number} count */
const words = (count) => Array(count).fill("word").join(" ");

/**
 * Wrapped once, and the same when it is wrapped again.
 *
 * @param {string} source
 * @param {string} extension
 */
function wrapped(source, extension) {
  const result = wrapComments(source, extension);
  assert.equal(wrapComments(result, extension), result);
  return result.split("\n");
}

test("a comment of one line becomes one of two", () => {
  assert.deepEqual(wrapped(`    /// ${words(20)}.\n    fn f() {}`, "rs"), [
    `    /// ${words(18)}`,
    "    /// word word.",
    "    fn f() {}",
  ]);
  assert.deepEqual(wrapped(`/** ${words(20)}. */`, "js"), ["/**", ` * ${words(19)}`, " * word.", " */"]);
  assert.deepEqual(wrapped(`# ${words(20)}`, "py"), [`# ${words(19)}`, "# word"]);
});

test("items and tags keep their indentation", () => {
  assert.deepEqual(wrapped(`//! * ${words(20)}\n//! * short`, "rs"), [`//! * ${words(19)}`, "//!   word", "//! * short"]);
  const tag = wrapped(`/**\n * @param {string} name ${words(20)}\n */`, "js");
  assert.deepEqual(tag, ["/**", ` * @param {string} name ${words(15)}`, " *   word word word word word", " */"]);
});

test("code, tables, drawings and columns stay as they are", () => {
  const long = "x".repeat(60);
  for (const text of [`| ${long} | ${long} |`, `${long} ─▶ ${long}`, `${long}   ${long}`, `    ${long} ${long}`]) {
    assert.equal(wrapComments(`/// ${text}`, "rs"), `/// ${text}`);
  }
  const code = `/// \`\`\`\n/// ${long} ${long}\n/// \`\`\``;
  assert.equal(wrapComments(code, "rs"), code);
});

test("an import of types stays in one line, as TypeScript wants it", () => {
  const source = `/** @import { ${"A, ".repeat(30)}B } from "./types.js" */`;
  assert.equal(wrapComments(source, "js"), source);
});

test("no line begins with what would be an item, and no span of code is broken", () => {
  assert.deepEqual(wrapped(`// ${words(19)} - ${words(2)}`, "js"), [`// ${words(19)} -`, "// word word"]);
  assert.deepEqual(wrapped(`// ${words(19)} \`a b c\``, "js"), [`// ${words(19)}`, "// `a b c`"]);
});

test("code is not touched, nor a comment behind it", () => {
  const source = `let a = "${words(30)}"; // ${words(30)}\n${"a".repeat(120)}`;
  for (const extension of ["js", "rs", "c", "py"]) assert.equal(wrapComments(source, extension), source);
});

test("a word that is too long has a line of its own", () => {
  const address = `https://example.com/${"a".repeat(100)}`;
  assert.deepEqual(wrapped(`// see ${address} there`, "js"), ["// see", `// ${address}`, "// there"]);
});
