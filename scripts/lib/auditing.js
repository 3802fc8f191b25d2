/**
 * Checks what the project depends on: by `cargo deny`, as deny.toml says, and by `npm audit`.
 */

import { emptyOutcome } from "./outcome.js";
import { ROOT } from "./paths.js";
import { run } from "./run.js";
import { obtain } from "./wheel.js";

/**
 * @typedef {object} Finding
 * @property {string} [details] What is wrong; nothing where all is well.
 * @property {string} [reason] Why nothing was looked at.
 */

const LIMIT = 120; // seconds, mostly for what is fetched

/**
 * @param {(text: string) => void} note
 * @returns {Promise<import("./outcome.js").Outcome>} What cannot be reached is a skip with its
 *   reason.
 */
export async function audit(note) {
  const outcome = emptyOutcome();
  const deny = await obtain("cargo-deny", note);
  const audits = {
    "licences, sources and versions of crates": () => checkCrates(deny, ["licenses", "bans", "sources"]),
    "advisories about crates": () => checkCrates(deny, ["advisories"]),
    "advisories about npm packages": checkPackages,
  };
  for (const [name, audit] of Object.entries(audits)) {
    note(name);
    const { details, reason } = await audit();
    if (reason) outcome.skipped.push({ name, reason });
    else if (details) outcome.failed.push({ name, details });
    else outcome.passed++;
  }
  return outcome;
}

/**
 * @param {Awaited<ReturnType<typeof obtain>>} deny
 * @param {string[]} what
 * @returns {Promise<Finding>}
 */
async function checkCrates({ program, reason }, what) {
  if (!program) return { reason };
  const { code, output } = await run(program, ["--locked", "check", ...what], { cwd: ROOT, timeout: LIMIT });
  if (/failed to (fetch|open|load) advisory database/.test(output)) return { reason: "RustSec's database cannot be reached" };
  return { details: code ? output : "" };
}

/** @returns {Promise<Finding>} */
async function checkPackages() {
  const { output } = await run("npm", ["audit", "--json"], { cwd: ROOT, timeout: LIMIT });
  const report = parse(output);
  if (!report?.metadata) return { reason: "the npm registry gives no advisories here" };
  return { details: report.metadata.vulnerabilities.total ? JSON.stringify(report.vulnerabilities, undefined, 2) : "" };
}

/** npm prints warnings around its report. @param {string} output */
function parse(output) {
  try {
    return JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1));
  } catch {
    return undefined;
  }
}
