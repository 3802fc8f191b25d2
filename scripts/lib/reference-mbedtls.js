/**
 * Programs on Mbed TLS in MicroPython's configuration, built from their sources into the per-user
 * cache.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { withLock } from "./lock.js";
import { CACHE, WORK } from "./paths.js";
import { Problem } from "./progress.js";
import { check, which } from "./run.js";
import { source } from "./source.js";
import { tools } from "./tools.js";

/**
 * Builds a program of one C file, unless it is in the cache. Beside the file are config.h, which
 * configures Mbed TLS, and py/mpconfig.h.
 *
 * @param {string} file The C file.
 * @param {(text: string) => void} [note]
 * @returns {Promise<string>} The program.
 * @throws {Problem} when it cannot be built here.
 */
export async function onMbedTls(file, note = () => {}) {
  const folder = dirname(file);
  const inputs = [file, join(folder, "config.h"), join(folder, "py/mpconfig.h")];
  const digest = inputs.reduce((hash, path) => hash.update(readFileSync(path)), createHash("sha256")).digest("hex");
  const { micropython, mbedtls } = tools.sources;
  const name = `${basename(file, ".c")}-mbedtls-${mbedtls.version}-micropython-${micropython.version}-${digest.slice(0, 12)}`;
  const program = join(CACHE, "tools", name);
  if (existsSync(program)) return program;
  if (!which("gcc")) throw new Problem("Mbed TLS needs gcc to be built.");
  await withLock(`${program}.lock`, async () => {
    if (!existsSync(program)) await compile(file, program, note);
  }, note);
  return program;
}

/** @param {string} file @param {string} program @param {(text: string) => void} note */
async function compile(file, program, note) {
  const [micropython, mbedtls] = [await source("micropython", note), await source("mbedtls", note)];
  const library = join(mbedtls, "library");
  const sources = readdirSync(library).filter((name) => name.endsWith(".c")).map((name) => join(library, name));
  const includes = [dirname(file), micropython, join(mbedtls, "include")].map((folder) => `-I${folder}`);
  note("gcc");
  mkdirSync(dirname(program), { recursive: true });
  const args = ["-O1", "-w", "-D_GNU_SOURCE", '-DMBEDTLS_CONFIG_FILE="config.h"', ...includes, file, ...sources, "-o", `${program}.partial`];
  await check("gcc", args, { log: join(WORK, "log", "reference-mbedtls.log") });
  renameSync(`${program}.partial`, program);
}
