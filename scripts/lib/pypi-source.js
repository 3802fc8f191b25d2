/**
 * Programs from PyPI that tests run as they are: unpacked into the per-user cache, pinned by
 * checksum in tools.json.
 */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.js";
import { CACHE, WORK } from "./paths.js";
import { run, which } from "./run.js";
import { tools } from "./tools.js";

const LIMIT = 120; // seconds for a download

/**
 * Where a package's files are; fetched if they are not in the cache.
 *
 * @param {string} name As in tools.json.
 * @returns {Promise<string | undefined>} Its folder; nothing where it cannot be had.
 */
export async function pypiSource(name) {
  const folder = join(CACHE, "sources", `${name}-${tools.pypi[name].version}`);
  if (existsSync(folder) || !which("python3")) return existsSync(folder) ? folder : undefined;
  return withLock(`${folder}.lock`, async () => (existsSync(folder) ? folder : fetchPackage(name, folder)));
}

/** @param {string} name @param {string} folder */
async function fetchPackage(name, folder) {
  const { version, sha256, wheel } = tools.pypi[name];
  const work = `${folder}.partial`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, "temporary"), { recursive: true });
  const wanted = join(work, "requirements.txt");
  writeFileSync(wanted, `${name}==${version} --hash=sha256:${sha256}\n`);
  // pip checks the checksum. Sources it unpacks, and then fails: these packages have no setup.py,
  // which a board does not need.
  const kind = wheel ? ["--only-binary", ":all:"] : ["--no-clean", "--no-binary", ":all:"];
  const options = ["--no-deps", ...kind, "--require-hashes", "--disable-pip-version-check"];
  const env = { TMPDIR: join(work, "temporary") };
  await run("python3", ["-m", "pip", "download", ...options, "-d", work, "-r", wanted], { env, log: join(WORK, "log", "pypi.log"), timeout: LIMIT });
  const unpacked = wheel ? await unpackWheel(work) : folderWith(".egg-info/PKG-INFO", join(work, "temporary"));
  if (unpacked) renameSync(unpacked, folder);
  rmSync(work, { recursive: true, force: true });
  return unpacked && folder;
}

/**
 * The folder above the one that has a file of this name.
 *
 * @param {string} name
 * @param {string} root
 */
function folderWith(name, root) {
  const found = readdirSync(root, { recursive: true, encoding: "utf8" }).find((path) => path.endsWith(name));
  return found && join(root, found, "..", "..");
}

/** @param {string} work */
async function unpackWheel(work) {
  const wheel = readdirSync(work).find((name) => name.endsWith(".whl"));
  if (!wheel) return undefined;
  const folder = join(work, "unpacked");
  await run("python3", ["-m", "zipfile", "-e", join(work, wheel), folder], { log: join(WORK, "log", "pypi.log") });
  return folderWith(".dist-info/METADATA", folder);
}
