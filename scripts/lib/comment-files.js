/** The files of this repository whose comments are wider than they may be. */

import { readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { EXTENSIONS, wrapComments } from "./comments.js";
import { ROOT } from "./paths.js";
import { ask } from "./run.js";

/** What others write, and what is generated. */
const FOREIGN = /^(wit\/deps|wasi\/bindings)\//;

/**
 * @returns {{name: string, path: string, line: number, wrapped: string}[]} The first line in each
 *   that is wrapped.
 */
export function wide() {
  const names = ask("git", ["-C", ROOT, "ls-files", "-z"])?.split("\0") ?? [];
  return names
    .filter((name) => EXTENSIONS.includes(extname(name).slice(1)) && !FOREIGN.test(name))
    .flatMap((name) => {
      const path = join(ROOT, name);
      const source = readFileSync(path, "utf8");
      const wrapped = wrapComments(source, extname(name).slice(1));
      if (wrapped === source) return [];
      const after = wrapped.split("\n");
      return [{ name, path, line: source.split("\n").findIndex((line, at) => line !== after[at]) + 1, wrapped }];
    });
}
