/**
 * Wraps comments that are wider than 100 columns: `npm run wrap`, or `npm run wrap -- FILE…`.
 * `--check` only says where they are, and fails if there are any.
 */

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { wide } from "./lib/comment-files.js";
import { runMain } from "./lib/progress.js";

await runMain(() => {
  const { values, positionals } = parseArgs({ options: { check: { type: "boolean" } }, allowPositionals: true });
  const wanted = positionals.map((path) => resolve(path));
  const files = wide().filter(({ path }) => !wanted.length || wanted.includes(path));
  for (const { name, path, line, wrapped } of files) {
    console.log(values.check ? `${name}:${line}: a comment is wider than 100 columns; npm run wrap wraps it` : name);
    if (!values.check) writeFileSync(path, wrapped);
  }
  return values.check && files.length ? 1 : 0;
});
