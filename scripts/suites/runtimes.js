/**
 * The package, installed as users install it, in each JavaScript runtime that it supports:
 * tests/runtimes.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npmSource } from "../lib/npm-source.js";
import { emptyOutcome } from "../lib/outcome.js";
import { buildPacked, pack } from "../lib/packed.js";
import { ROOT, WORK } from "../lib/paths.js";
import { step } from "../lib/progress.js";
import { check } from "../lib/run.js";
import { tools } from "../lib/tools.js";
import { runNodeTests, testFiles } from "./node.js";

/** @import { Outcome } from "../lib/outcome.js" */

/**
 * What starts a program, by key of tools.json: the oldest Node that package.json names, and the
 * newest of what else there is.
 */
const RUNTIMES = { "node-20": [], "node-22": [], "node-24": [], "node-26": [], deno: ["run", "--allow-all"], bun: [] };

/** The platform of the binaries in tools.json. */
const PLATFORM = "linux-x64";
const LIMIT = 120; // seconds for npm

export default {
  title: "The package in Node 20 to 26, Deno and Bun",
  /** @param {string} title */
  async run(title) {
    const outcome = emptyOutcome();
    const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-runtimes-"));
    try {
      await buildPacked();
      await step("The package, packed and installed", () => install(folder));
      for (const [key, options] of Object.entries(RUNTIMES)) {
        const name = `${title}: ${key} ${tools.npm[key].version}`;
        const program = await runtime(key);
        if (!program) outcome.skipped.push({ name, reason: `no binary from npm for ${process.platform}-${process.arch}` });
        else add(outcome, await test(name, folder, [program, ...options]), name);
      }
      return outcome;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** @param {string} folder */
async function install(folder) {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const log = join(WORK, "log", "runtimes.log");
  await check("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", await pack(folder)], { cwd: folder, log, timeout: LIMIT });
}

/** @param {string} key @returns {Promise<string | undefined>} The binary, where it can be had. */
async function runtime(key) {
  if (`${process.platform}-${process.arch}` !== PLATFORM) return undefined;
  const source = await npmSource(key);
  return source && join(source, tools.npm[key].program);
}

/**
 * Its own tests, and those of programs of asyncio.
 *
 * @param {string} title
 * @param {string} folder
 * @param {string[]} command
 */
function test(title, folder, command) {
  const files = [...testFiles(join(ROOT, "tests", "runtimes")), join(ROOT, "tests", "node", "asyncio.test.js")];
  const cli = join(folder, "node_modules", "micropython-ssl", "web", "node", "cli.js");
  return runNodeTests(title, files, { TEST_FOLDER: folder, TEST_RUNTIME: JSON.stringify(command), TEST_INTERPRETER: JSON.stringify([...command, cli]) });
}

/** @param {Outcome} outcome @param {Outcome} more @param {string} where */
function add(outcome, { passed, failed, skipped }, where) {
  outcome.passed += passed;
  outcome.failed.push(...failed.map((test) => ({ ...test, name: `${where}: ${test.name}` })));
  outcome.skipped.push(...skipped);
}
