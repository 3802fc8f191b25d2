/**
 * Command-line tools written in Rust, at exact versions: compiled ones from PyPI where it has them,
 * else built from crates.io, or from a folder of this repository.
 */

import { existsSync, lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.js";
import { CACHE, ROOT, TOOLS } from "./paths.js";
import { Problem } from "./progress.js";
import { CommandFailed, ask, check, which } from "./run.js";
import { lockedVersion, tools } from "./tools.js";
import { findWheel, installWheel } from "./wheel.js";

/**
 * Where a tool of tools.json is, if it is there: on PATH in a version that will do, or in the
 * per-user cache. Links it into the checkout's `.tools/bin`.
 *
 * @param {string} name The crate, as in tools.json.
 * @returns {string | undefined} The folder that has its programs.
 */
export function findCargoTool(name) {
  const { version, bins, orNewer = false, wheel } = describe(name);
  const cached = join(cacheFolder(name, version), "bin");
  for (const bin of bins) {
    const built = existsSync(join(cached, bin)) ? join(cached, bin) : undefined;
    const found = onPath(bin, version, orNewer) ?? (wheel && findWheel(wheel)) ?? built;
    if (!found) return undefined;
    link(bin, found);
  }
  return TOOLS;
}

/**
 * Fetches or builds a tool into the per-user cache, unless another process has done so meanwhile.
 *
 * @param {string} name The crate, as in tools.json.
 * @param {string} log
 * @param {(text: string) => void} note
 * @returns {Promise<string>} The folder that has its programs.
 */
export async function installCargoTool(name, log, note) {
  const { version, wheel } = describe(name);
  const folder = cacheFolder(name, version);
  if (wheel) await installWheel(wheel, log, note).catch(unavailable);
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

/**
 * A wheel that cannot be had here is no fault: the tool is built instead.
 *
 * @param {unknown} error
 */
function unavailable(error) {
  if (!(error instanceof CommandFailed || error instanceof Problem)) throw error;
}

/**
 * Its own lock file is the tested set of versions, so a tool is never built without it.
 *
 * @param {string} name
 * @param {string} root
 * @param {Parameters<typeof check>[2]} options
 */
async function cargoInstall(name, root, options) {
  const { version, path, options: more = [] } = describe(name);
  const crate = path ? ["--path", join(ROOT, path)] : [name, "--version", `=${version}`];
  await check("cargo", ["install", "--locked", "--root", root, ...more, ...crate], options);
}

/**
 * @param {string} name
 * @returns {{version: string, bins: string[], path?: string, options?: string[], orNewer?: boolean,
 *   wheel?: import("./wheel.js").Wheel, onlyFor?: "tests" | "wasi"}} What tools.json says, the
 *   version resolved; `orNewer`: later major versions on PATH do as well; `wheel`: PyPI has it
 *   compiled; `onlyFor`: what it is needed for, if not for everything.
 */
export function describe(name) {
  const tool = tools.cargo[name];
  return tool.versionOf ? { ...tool, version: lockedVersion(tool.versionOf) } : tool;
}

/** @param {string} name @param {string} version */
function cacheFolder(name, version) {
  return join(CACHE, "tools", `${name}-${version}`);
}

/** @param {string} bin @param {string} version @param {boolean} orNewer */
function onPath(bin, version, orNewer) {
  const path = which(bin);
  if (!path || path.startsWith(TOOLS)) return undefined;
  const words = ask(path, ["--version"])?.split(/\s+/) ?? [];
  if (words.includes(version)) return path;
  const newer = words.some((word) => /^\d+\.\d+\.\d+/.test(word) && parseInt(word) > parseInt(version));
  return orNewer && newer ? path : undefined;
}

/** @param {string} bin @param {string} target */
function link(bin, target) {
  const path = join(TOOLS, bin);
  mkdirSync(TOOLS, { recursive: true });
  if (lstatSync(path, { throwIfNoEntry: false })) {
    if (lstatSync(path).isSymbolicLink() && readlinkSync(path) === target) return;
    rmSync(path);
  }
  symlinkSync(target, path);
}
