/** Packages from npm that are no dependencies: unpacked into the per-user cache, pinned by checksum in tools.json. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.js";
import { CACHE, WORK } from "./paths.js";
import { check } from "./run.js";
import { tools } from "./tools.js";

const LIMIT = 120; // seconds for a download

/**
 * Where a package's files are, without those that it depends on; fetched if they are not in the cache.
 *
 * @param {keyof typeof tools.peers} name
 * @returns {Promise<string>} Its folder.
 * @throws when it cannot be had, or is another one than the pinned one.
 */
export async function npmPackage(name) {
  const { version, integrity } = tools.peers[name];
  const folder = join(CACHE, "sources", `${name.replace(/^.*\//, "")}-${version}`);
  if (existsSync(folder)) return folder;
  return withLock(`${folder}.lock`, async () => (existsSync(folder) ? folder : fetchPackage(`${name}@${version}`, integrity, folder)));
}

async function fetchPackage(wanted, integrity, folder) {
  const work = `${folder}.partial`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const options = { log: join(WORK, "log", "npm-package.log"), timeout: LIMIT };
  await check("npm", ["pack", wanted, "--ignore-scripts", "--pack-destination", work], options);
  const archive = join(work, readdirSync(work)[0]);
  const found = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
  if (found !== integrity) throw new Error(`${wanted} from npm is not the one of tools.json: ${found}`);
  await check("tar", ["-xzf", archive, "-C", work], options);
  renameSync(join(work, "package"), folder);
  rmSync(work, { recursive: true, force: true });
  return folder;
}
