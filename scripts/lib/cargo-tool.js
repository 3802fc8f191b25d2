/** Command-line tools written in Rust, at exact versions: from crates.io, or from a folder of this repository. */

import { existsSync, lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.js";
import { CACHE, ROOT, TOOLS } from "./paths.js";
import { ask, check, run, which } from "./run.js";
import { lockedVersion, tools } from "./tools.js";

/**
 * Where a tool of tools.json is, if it is there: on PATH in the right version, or in the per-user cache.
 * Links it into the checkout's `.tools/bin`.
 *
 * @param {string} name The crate, as in tools.json.
 * @returns {string | undefined} The folder that has its programs.
 */
export function findCargoTool(name) {
  const { version, bins, orNewer } = describe(name);
  const cached = join(cacheFolder(name, version), "bin");
  for (const bin of bins) {
    const found = onPath(bin, version, orNewer) ?? (existsSync(join(cached, bin)) ? join(cached, bin) : undefined);
    if (!found) return undefined;
    link(bin, found);
  }
  return TOOLS;
}

/**
 * Builds a tool into the per-user cache, unless another process has done so meanwhile.
 *
 * @param {string} name The crate, as in tools.json.
 * @param {string} log
 * @param {(text: string) => void} note
 * @returns {Promise<string>} The folder that has its programs.
 */
export async function installCargoTool(name, log, note) {
  const { version } = describe(name);
  const folder = cacheFolder(name, version);
  await withLock(
    `${folder}.lock`,
    async () => {
      if (findCargoTool(name)) return;
      const partial = `${folder}.partial`;
      rmSync(partial, { recursive: true, force: true });
      await cargoInstall(name, partial, { log, onLine: note, env: { CARGO_TARGET_DIR: join(partial, "target"), RUSTFLAGS: undefined } });
      rmSync(join(partial, "target"), { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
      renameSync(partial, folder);
    },
    note,
  );
  const found = findCargoTool(name);
  if (!found) throw new Error(`${name} ${version} was installed in ${folder}, but its programs are not there`);
  return found;
}

async function cargoInstall(name, root, options) {
  const { version, path, options: more = [] } = describe(name);
  const args = ["install", "--root", root, ...more, ...(path ? ["--path", join(ROOT, path)] : [name, "--version", `=${version}`])];
  // Its own lock file is the tested set of versions; a registry that lacks one of them can still build it without.
  const { code } = await run("cargo", [...args, "--locked"], options);
  if (code !== 0) await check("cargo", args, options);
}

/**
 * @param {string} name
 * @returns {{version: string, bins: string[], path?: string, options?: string[], orNewer?: boolean, onlyFor?: string}} What tools.json
 *   says, the version resolved; `orNewer`: later major versions on PATH do as well; `onlyFor`: what it is needed for, if not for everything.
 */
export function describe(name) {
  const tool = tools.cargo[name];
  return tool.versionOf ? { ...tool, version: lockedVersion(tool.versionOf) } : tool;
}

function cacheFolder(name, version) {
  return join(CACHE, "tools", `${name}-${version}`);
}

function onPath(bin, version, orNewer) {
  const path = which(bin);
  if (!path || path.startsWith(TOOLS)) return undefined;
  const words = ask(path, ["--version"])?.split(/\s+/) ?? [];
  if (words.includes(version)) return path;
  const newer = words.some((word) => /^\d+\.\d+\.\d+/.test(word) && parseInt(word) > parseInt(version));
  return orNewer && newer ? path : undefined;
}

function link(bin, target) {
  const path = join(TOOLS, bin);
  mkdirSync(TOOLS, { recursive: true });
  if (lstatSync(path, { throwIfNoEntry: false })) {
    if (lstatSync(path).isSymbolicLink() && readlinkSync(path) === target) return;
    rmSync(path);
  }
  symlinkSync(target, path);
}
