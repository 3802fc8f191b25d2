/**
 * The Python files of web/micropython as one JavaScript module, for browsers, which cannot list a
 * folder.
 */

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DIST, ROOT } from "./paths.js";

const FOLDER = join(ROOT, "web", "micropython");
const MODULE = join(DIST, "python.js");

/** Writes dist/python.js, unless it is as it should be. */
export function writePythonFiles() {
  const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".py"))
    .sort();
  const entries = files.map((path) => `  ${JSON.stringify(path)}: ${JSON.stringify(readFileSync(join(FOLDER, path), "utf8"))},\n`);
  const text = `/** The Python files that go into MicroPython, by path. Made by npm run build from web/micropython. */\nexport default {\n${entries.join("")}};\n`;
  mkdirSync(DIST, { recursive: true });
  if (read(MODULE) !== text) writeFileSync(MODULE, text);
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
