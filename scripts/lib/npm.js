/** The packages from npm that package-lock.json names. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./paths.js";
import { check } from "./run.js";

/**
 * Whether node_modules holds what package-lock.json asks for.
 *
 * @returns {boolean}
 */
export function packagesInstalled() {
  const wanted = lockedPackages("package-lock.json");
  const present = lockedPackages("node_modules/.package-lock.json");
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(
    ([path, entry]) => path === "" || entry.optional || present[path]?.version === entry.version,
  );
}

/**
 * Installs them.
 *
 * @param {string} log
 * @param {(text: string) => void} note
 */
export async function installPackages(log, note) {
  await check("npm", ["ci", "--no-audit", "--no-fund"], { cwd: ROOT, log, onLine: note });
}

/**
 * @param {string} file
 * @returns {Record<string, {version: string, optional?: boolean}> | undefined}
 */
function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), "utf8")).packages;
  } catch {
    return undefined;
  }
}
