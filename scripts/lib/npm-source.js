/**
 * Packages from npm that only tests and the bench use, as peers of the product: in the per-user
 * cache, pinned by version and integrity in tools.json.
 */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { withLock } from "./lock.js";
import { CACHE, WORK } from "./paths.js";
import { CommandFailed, check } from "./run.js";
import { tools } from "./tools.js";

const LIMIT = 120; // seconds for a download

/**
 * Where a package is; fetched, with what it depends on, if it is not in the cache.
 *
 * @param {string} key As in tools.json.
 * @returns {Promise<string | undefined>} Its folder; nothing where it cannot be had.
 */
export async function npmSource(key) {
  const { name, version } = tools.npm[key];
  const folder = join(CACHE, "tools", `${key}-${version}`);
  const installed = join(folder, "node_modules", name);
  if (existsSync(installed)) return installed;
  mkdirSync(dirname(folder), { recursive: true });
  return withLock(`${folder}.lock`, async () => {
    if (existsSync(installed) || (await fetchPackage(tools.npm[key], folder))) return installed;
  });
}

/** @param {{name: string, version: string, integrity: string}} pin @param {string} folder */
async function fetchPackage({ name, version, integrity }, folder) {
  const made = mkdtempSync(`${folder}-`);
  try {
    const args = ["install", "--prefix", made, "--no-audit", "--no-fund", "--ignore-scripts", `${name}@${version}`];
    await check("npm", args, { log: join(WORK, "log", "npm-source.log"), timeout: LIMIT });
    const { packages } = JSON.parse(readFileSync(join(made, "node_modules", ".package-lock.json"), "utf8"));
    const got = packages[`node_modules/${name}`].integrity;
    if (got !== integrity) throw new Error(`${name} ${version} from npm is ${got}, not ${integrity}`);
    renameSync(made, folder);
    return true;
  } catch (error) {
    if (error instanceof CommandFailed) return false;
    throw error;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}
