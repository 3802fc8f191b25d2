/**
 * All tests: `npm test`; some suites: `npm test -- rust node`. Sets up, builds, runs the suites of
 * scripts/suites one after the other, and ends with what passed, failed and was skipped, each skip
 * with its reason.
 */

import { parseArgs } from "node:util";
import { stackOf } from "../web/net/errno.js";
import { build } from "./build.js";
import { emptyOutcome } from "./lib/outcome.js";
import { Problem, runMain, seconds } from "./lib/progress.js";
import { CommandFailed } from "./lib/run.js";
import { setUp } from "./setup.js";

/** @import { Outcome } from "./lib/outcome.js" */

/** Names of the suites, in the order in which they run: quick ones first. */
const SUITES = ["lint", "audit", "rust", "miri", "fuzz", "verdicts", "node", "micropython", "differential", "interop", "wasi", "sanitizer", "micropython-wasi", "component", "runtimes", "browser", "page", "micropython-page", "size", "reproducible"];

/**
 * @typedef {object} Suite The default export of scripts/suites/NAME.js.
 * @property {string} title
 * @property {(title: string) => Promise<Outcome>} run Runs all its tests, as one or more steps that
 *   show what it is at.
 */

await runMain(async () => {
  const { values, positionals } = parseArgs({ options: { help: { type: "boolean" } }, allowPositionals: true });
  if (values.help) return showSuites();
  const names = chosen(positionals);
  const begin = Date.now();
  await setUp({ tests: true });
  await build();
  const results = [];
  for (const name of names) {
    const outcome = await runSuite(name);
    outcome.failed.forEach(showFailure);
    results.push({ name, ...outcome });
  }
  return summarise(results, Date.now() - begin);
});

async function showSuites() {
  console.log("npm test                 runs all suites\nnpm test -- NAME…        runs some:");
  for (const name of SUITES) console.log(`  ${name.padEnd(14)} ${(await load(name)).title}`);
}

/** @param {string} name @returns {Promise<Suite>} */
async function load(name) {
  return (await import(`./suites/${name}.js`)).default;
}

/** @param {string[]} args */
function chosen(args) {
  const unknown = args.filter((name) => !SUITES.includes(name));
  if (unknown.length) throw new Problem(`No suite ${unknown.join(", ")}; there are: ${SUITES.join(", ")}.`);
  return args.length ? SUITES.filter((name) => args.includes(name)) : SUITES;
}

/**
 * @param {string} name
 * @returns {Promise<Outcome>} Also of a suite that breaks: one failed test.
 */
async function runSuite(name) {
  try {
    const suite = await load(name);
    return await suite.run(suite.title);
  } catch (error) {
    const details = error instanceof CommandFailed ? [error.message, ...error.tail].join("\n") : stackOf(error);
    return { ...emptyOutcome(), failed: [{ name: `suite ${name}`, details }] };
  }
}

/** @param {Outcome["failed"][0]} failure */
function showFailure({ name, details = "" }) {
  console.log(`\n  ✗ ${name}`);
  if (details.trim()) console.log(details.trimEnd().replace(/^/gm, "      "));
}

/** @param {(Outcome & {name: string})[]} results @param {number} took */
function summarise(results, took) {
  const failed = results.flatMap((result) => result.failed);
  const skipped = results.flatMap((result) => result.skipped);
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  console.log(`\nAll of it took ${seconds(took)}:`);
  for (const result of results) {
    console.log(`  ${result.name.padEnd(14)} ${totals(result.passed, result.failed.length, result.skipped.length)}`);
  }
  if (skipped.length) console.log("\nSkipped:");
  for (const [reason, names] of groupByReason(skipped)) console.log(`  ${names.join(", ")}: ${reason}`);
  if (failed.length) console.log("\nFailed:");
  for (const { name } of failed) console.log(`  ${name}`);
  console.log(`\n${totals(passed, failed.length, skipped.length)}`);
  return failed.length || !passed ? 1 : 0;
}

/** @param {Outcome["skipped"]} skipped */
function groupByReason(skipped) {
  /** @type {Map<string, string[]>} */
  const groups = new Map();
  for (const { name, reason } of skipped) groups.set(reason, [...(groups.get(reason) ?? []), name]);
  return groups;
}

/** @param {number} passed @param {number} failed @param {number} skipped */
function totals(passed, failed, skipped) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
