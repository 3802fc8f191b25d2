/** The documents that people read, taken apart. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { marked } from "marked";
import { ROOT } from "../../scripts/lib/paths.js";
import { DOCUMENTS } from "../../scripts/lib/site.js";

/**
 * @typedef {object} Block
 * @property {string} path The document's.
 * @property {number} at Its place among the document's blocks, from 1.
 * @property {string} language
 * @property {string} mark What follows the language.
 * @property {string} text
 */

/** Paths of all documents of the repository that people read, without those that are made. */
export const PATHS = [
  ...new Set([
    "README.md",
    "examples/README.md",
    ...Object.values(DOCUMENTS).map(({ path }) => path).filter((path) => !path.startsWith("dist")),
    ...readdirSync(join(ROOT, "docs", "decisions")).map((name) => `docs/decisions/${name}`),
  ]),
];

/** All tokens of a document, those within others too. @param {string} path */
export function tokens(path) {
  /** @type {import("marked").MarkedToken[]} */
  const all = [];
  marked.walkTokens(marked.lexer(readFileSync(join(ROOT, path), "utf8")), (token) => void all.push(/** @type {import("marked").MarkedToken} */ (token)));
  return all;
}

/**
 * The blocks of code of a document.
 *
 * @param {string} path
 * @returns {Block[]}
 */
export function codeBlocks(path) {
  const codes = /** @type {import("marked").Tokens.Code[]} */ (tokens(path).filter(({ type }) => type === "code"));
  return codes.map(({ lang = "", text }, index) => {
    const [language, ...mark] = lang.split(" ");
    return { path, at: index + 1, language, mark: mark.join(" "), text };
  });
}
