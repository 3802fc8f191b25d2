/**
 * The real thing to compare with: MicroPython's unix port with Mbed TLS, built from their sources
 * into the per-user cache.
 *
 * Differences between its version (tools.json) and the one that we follow, 1.29:
 * - PEM certificates and keys, getpeercert: switched on here.
 * - Errors after the handshake and repeated ones lack their text, and errnos among them are
 *   negative: `asNewest` mends that in what it prints.
 * - TLS-PSK is not there. `ssl` is a Python module of micropython-lib, which is in none of the
 * sources: ours for tests is in tests/differential/reference.
 */

import { cpSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { withLock } from "./lock.js";
import { CACHE, WORK } from "./paths.js";
import { Problem } from "./progress.js";
import { check, which } from "./run.js";
import { source } from "./source.js";
import { tools } from "./tools.js";

const RECIPE = 1; // to be raised when what follows changes
const DEFINES = ["MBEDTLS_PEM_PARSE_C", "MBEDTLS_BASE64_C", "MBEDTLS_SSL_KEEP_PEER_CERTIFICATE"];
const MAKE_OPTIONS = ["VARIANT=standard", "MICROPY_PY_FFI=0", "MICROPY_PY_BTREE=0"];

/**
 * Builds it, unless it is in the cache.
 *
 * @param {(text: string) => void} [note]
 * @returns {Promise<string>} The program.
 * @throws {Problem} when it cannot be built here.
 */
export async function referenceMicroPython(note = () => {}) {
  const program = join(folder(), "bin", "micropython");
  if (existsSync(program)) return program;
  const absent = ["make", "gcc", "python3"].filter((name) => !which(name));
  if (absent.length) throw new Problem(`The reference MicroPython needs ${absent.join(", ")} to be built.`);
  await withLock(`${folder()}.lock`, async () => {
    if (!existsSync(program)) await buildReference(note);
  }, note);
  return program;
}

/**
 * What the reference prints, as MicroPython 1.29 would print it: TLS errors with their names,
 * errnos positive.
 *
 * @param {string} output
 * @param {Map<number, string>} names Of Mbed TLS' errors, by code.
 * @returns {string}
 */
export function asNewest(output, names) {
  return output
    .replace(/OSError\((-\d{4,}),\)/g, (text, code) => (names.has(Number(code)) ? `OSError(${code}, '${names.get(Number(code))}')` : text))
    .replace(/OSError\(-(\d{1,3}),\)/g, (text, number) => (number < 256 ? `OSError(${number},)` : text));
}

function folder() {
  const { micropython, mbedtls } = tools.sources;
  return join(CACHE, "tools", `micropython-reference-${micropython.version}-mbedtls-${mbedtls.version}-${RECIPE}`);
}

/** @param {(text: string) => void} note */
async function buildReference(note) {
  const log = join(WORK, "log", "reference-micropython.log");
  const work = `${folder()}.partial`;
  rmSync(work, { recursive: true, force: true });
  rmSync(log, { force: true });
  const tree = join(work, "tree");
  const [micropython, mbedtls] = [await source("micropython", note), await source("mbedtls", note)];
  cpSync(micropython, tree, { recursive: true, preserveTimestamps: true });
  rmSync(join(tree, "lib/mbedtls"), { recursive: true, force: true });
  symlinkSync(mbedtls, join(tree, "lib/mbedtls"));
  writeFileSync(join(tree, "lib/micropython-lib/README.md"), ""); // what the makefiles look for
  const manifest = join(work, "manifest.py");
  writeFileSync(manifest, 'include("$(MPY_DIR)/extmod/asyncio")\n');
  /** @param {string} port @param {...string} options */
  const make = (port, ...options) => {
    note(`make ${port}`);
    const args = ["-C", join(tree, port), `-j${availableParallelism()}`, ...options];
    return check("make", args, { log, onLine: note });
  };
  const flags = [...DEFINES.map((name) => `-D${name}`), "-Wno-error"].join(" ");
  await make("mpy-cross", "CFLAGS_EXTRA=-Wno-error");
  await make("ports/unix", ...MAKE_OPTIONS, `FROZEN_MANIFEST=${manifest}`, `CFLAGS_EXTRA=${flags}`);
  mkdirSync(dirname(folder()), { recursive: true });
  mkdirSync(join(work, "bin"));
  renameSync(join(tree, "ports/unix/build-standard/micropython"), join(work, "bin/micropython"));
  rmSync(tree, { recursive: true, force: true });
  rmSync(folder(), { recursive: true, force: true });
  renameSync(work, folder());
}
