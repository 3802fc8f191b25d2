/** Wraps comments that are wider than 100 columns: `npm run wrap`, or `npm run wrap -- FILE…`. */

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { wide } from "./lib/comment-files.js";
import { runMain, shortPath } from "./lib/progress.js";

await runMain(() => {
  const wanted = process.argv.slice(2).map((path) => resolve(path));
  for (const { path, wrapped } of wide()) {
    if (wanted.length && !wanted.includes(path)) continue;
    writeFileSync(path, wrapped);
    console.log(shortPath(path));
  }
});
