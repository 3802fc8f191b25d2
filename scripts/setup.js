/**
 * Set-up: makes a fresh machine able to build, in as far as it is not yet. `npm run setup`;
 * `npm start`, `npm test` and `npm run build` do it by themselves. Imports nothing from npm, whose
 * packages it is what installs.
 */

import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { canInstall, install, installCommand, isKnown } from "./lib/apt.js";
import { describe, findCargoTool, installCargoTool } from "./lib/cargo-tool.js";
import { withLock } from "./lib/lock.js";
import { installPackages, packagesInstalled } from "./lib/npm.js";
import { WORK } from "./lib/paths.js";
import { Problem, runMain, step } from "./lib/progress.js";
import { CommandFailed, which } from "./lib/run.js";
import { findWasmToolchain, installWasmToolchain } from "./lib/rust.js";
import { tools } from "./lib/tools.js";
import { findWheel, installWheel } from "./lib/wheel.js";

const OLDEST_NODE = 20;

/**
 * Does all set-up that is missing; says nothing about what is there already.
 *
 * @param {object} [options]
 * @param {boolean} [options.tests] Also what only the tests need.
 * @param {boolean} [options.wasi] Also wasmtime, which runs MicroPython for WASI; tests do.
 */
export async function setUp({ tests = false, wasi = tests } = {}) {
  checkPrerequisites();
  mkdirSync(WORK, { recursive: true });
  await withLock(join(WORK, "setup.lock"), async () => {
    await unless(packagesInstalled(), "Packages from npm", installPackages);
    await unless(findWasmToolchain(), "Rust for WebAssembly", async (log, note) => {
      return (await installWasmToolchain(log, note)).description;
    });
    for (const name of Object.keys(tools.cargo)) {
      const { onlyFor } = describe(name);
      if (onlyFor && !{ wasi, tests }[onlyFor]) continue;
      await unless(findCargoTool(name), `${name} (once per user)`, (log, note) => installCargoTool(name, log, note));
    }
    await unless(findWheel("zig"), "Zig, a compiler for WASI", (log, note) => installWheel("zig", log, note));
    if (tests) await setUpTestServers();
  });
}

/**
 * The programs that tests use and that are not here.
 *
 * @returns {string[]} Names of programs.
 */
export function missingTestPrograms() {
  return Object.keys(tools.apt.tests).filter((program) => !which(program, ["/usr/sbin", "/sbin"]));
}

function checkPrerequisites() {
  if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE) {
    throw new Problem(`Node ${OLDEST_NODE} or newer is needed; this is ${process.version}.`);
  }
  for (const [program, source] of [["npm", "https://nodejs.org"], ["cargo", "https://rustup.rs"]]) {
    if (!which(program)) throw new Problem(`${program} is not on PATH; see ${source}.`);
  }
}

async function setUpTestServers() {
  const packages = missingTestPrograms().map((program) => tools.apt.tests[program]);
  if (!packages.length) return;
  if (!canInstall()) {
    console.log(`Tests that need these are skipped; to run them too: ${installCommand(packages)}`);
    return;
  }
  await unless(false, "Test servers from Debian", async (log, note) => {
    try {
      await install(packages, log, note);
      return packages.join(", ");
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      const known = packages.filter(isKnown); // one that this release does not have must not keep the others away
      if (known.length && known.length < packages.length) await install(known, log, note);
      return `${known.join(", ") || "none"} of ${packages.join(", ")}`; // tests say which of them they lacked
    }
  });
}

/**
 * Does a step unless its result is there. What the step returns, if it is a text, is shown as its
 * result.
 *
 * @param {unknown} done
 * @param {string} title
 * @param {(log: string, note: (text: string) => void) => Promise<unknown>} work
 */
async function unless(done, title, work) {
  if (done) return;
  const log = join(WORK, "log", `${title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.log`);
  mkdirSync(dirname(log), { recursive: true });
  rmSync(log, { force: true });
  await step(title, async ({ note, result }) => {
    const outcome = await work(log, note);
    if (typeof outcome === "string") result(outcome);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runMain(async () => {
    const { values } = parseArgs({ options: { tests: { type: "boolean" } } });
    await setUp(values);
    console.log("Set-up is complete.");
  });
}
