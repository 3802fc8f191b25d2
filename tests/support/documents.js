/** The documents that people read, taken apart. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { marked } from "marked";
import { ROOT } from "../../scripts/lib/paths.js";
import { DOCUMENTS } from "../../scripts/lib/site.js";

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
  /** @type {import("marked").Token[]} */
  const all = [];
  marked.walkTokens(marked.lexer(readFileSync(join(ROOT, path), "utf8")), (token) => void all.push(token));
  return all;
}

/**
 * The blocks of code of a document.
 *
 * @param {string} path
 * @returns {{path: string, at: number, language: string, mark: string, text: string}[]} `at` counts
 *   from 1; `mark` is what follows the language.
 */
export function codeBlocks(path) {
  const codes = /** @type {import("marked").Tokens.Code[]} */ (tokens(path).filter(({ type }) => type === "code"));
  return codes.map(({ lang = "", text }, index) => {
    const [language, ...mark] = lang.split(" ");
    return { path, at: index + 1, language, mark: mark.join(" "), text };
  });
}
