/**
 * Sources of other projects that tests and builds use and that are no part of this repository:
 * MicroPython and Mbed TLS, from Debian's source packages, or where there is no Debian from the
 * projects' own releases. Pinned by checksum in tools.json.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf } from "../../web/net/errno.js";
import { debianSource } from "./apt-source.js";
import { withLock } from "./lock.js";
import { CACHE, WORK } from "./paths.js";
import { Problem } from "./progress.js";
import { check } from "./run.js";
import { tools } from "./tools.js";

const LIMIT = 120; // seconds for a download

/**
 * Where a source tree is in the per-user cache, if it has been fetched.
 *
 * @param {"micropython" | "mbedtls"} name
 * @returns {string | undefined}
 */
function findSource(name) {
  const folder = treeOf(name);
  return existsSync(folder) ? folder : undefined;
}

/**
 * Fetches and unpacks a source tree, unless it is in the cache.
 *
 * @param {"micropython" | "mbedtls"} name
 * @param {(text: string) => void} [note]
 * @returns {Promise<string>} Its folder; not to be written to.
 * @throws {Problem} when it cannot be had, with the reasons.
 */
export async function source(name, note = () => {}) {
  return findSource(name) ?? withLock(`${treeOf(name)}.lock`, async () => findSource(name) ?? fetchSource(name, note), note);
}

/** @param {"micropython" | "mbedtls"} name @param {(text: string) => void} note */
async function fetchSource(name, note) {
  const { version, debian, upstream } = tools.sources[name];
  const work = join(CACHE, "sources", `${name}.partial`);
  const log = join(WORK, "log", `source-${name}.log`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, "tree"), { recursive: true });
  const reasons = [];
  let archive;
  try {
    archive = await debianSource(name, debian, work, log, note);
  } catch (error) {
    reasons.push(`Debian's source package: ${messageOf(error)}`);
  }
  try {
    archive ??= await download(upstream, work, note);
  } catch (error) {
    reasons.push(`${upstream.url}: ${messageOf(error)}`);
  }
  if (!archive) throw new Problem(`The source of ${name} ${version} cannot be had here:\n  ${reasons.join("\n  ")}`);
  await check("tar", ["-xf", archive, "-C", join(work, "tree"), "--strip-components=1"], { log });
  rmSync(treeOf(name), { recursive: true, force: true });
  renameSync(join(work, "tree"), treeOf(name));
  rmSync(work, { recursive: true, force: true });
  return treeOf(name);
}

/** @param {"micropython" | "mbedtls"} name */
function treeOf(name) {
  return join(CACHE, "sources", `${name}-${tools.sources[name].version}`);
}

/**
 * @param {{url: string, sha256: string}} upstream
 * @param {string} folder
 * @param {(text: string) => void} note
 */
async function download({ url, sha256 }, folder, note) {
  note(`downloading ${url}`);
  const response = await fetch(url, { signal: AbortSignal.timeout(LIMIT * 1000) });
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  const archive = join(folder, basename(new URL(url).pathname));
  writeFileSync(archive, Buffer.from(await response.arrayBuffer()));
  const digest = createHash("sha256").update(readFileSync(archive)).digest("hex");
  if (digest !== sha256) throw new Error(`its checksum is ${digest} instead of ${sha256}`);
  return archive;
}
