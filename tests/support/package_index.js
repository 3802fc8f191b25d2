/**
 * An index of packages for `mip`, as micropython.org has one, of packages that are on this machine.
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * @param {Record<string, {folder?: string, files?: Record<string, string>, deps?: string[]}>}
 *   packages The Python files of a folder, or files by path.
 * @returns {import("node:http").RequestListener}
 */
export function packageIndex(packages) {
  const answers = new Map();
  for (const [name, { folder, files = filesOf(folder ?? ""), deps = [] }] of Object.entries(packages)) {
    const hashes = Object.entries(files).map(([path, content]) => {
      const digest = createHash("sha256").update(content).digest("hex").slice(0, 8);
      answers.set(`/file/${digest.slice(0, 2)}/${digest}`, content);
      return [path, digest];
    });
    const list = JSON.stringify({ v: 1, version: "1.0", hashes, deps: deps.map((each) => [each, "latest"]) });
    for (const kind of ["6", "py"]) answers.set(`/package/${kind}/${name}/latest.json`, list);
  }
  return ({ url }, response) => {
    response.writeHead(answers.has(url) ? 200 : 404).end(answers.get(url) ?? "");
  };
}

/** @param {string} folder @returns {Record<string, string>} */
function filesOf(folder) {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".py") && existsSync(join(folder, path)));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}
