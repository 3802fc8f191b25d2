/** Reads what cargo test prints. */

import { emptyOutcome } from "./outcome.js";

/**
 * @param {string} output Standard output and error of `cargo test`, together.
 * @returns {import("./outcome.js").Outcome}
 */
export function readCargoTest(output) {
  const outcome = emptyOutcome();
  for (const line of output.split("\n")) {
    const summary = /^test result: \w+\. (\d+) passed;/.exec(line);
    if (summary) outcome.passed += Number(summary[1]);
    const failed = /^test (.+) \.\.\. FAILED$/.exec(line);
    if (failed) outcome.failed.push({ name: failed[1], details: failureOf(failed[1], output) });
    const ignored = /^test (.+) \.\.\. ignored(?:, (.*))?$/.exec(line);
    if (ignored) outcome.skipped.push({ name: ignored[1], reason: ignored[2] ?? "marked #[ignore]" });
  }
  return outcome;
}

/** What a failing test printed. @param {string} name @param {string} output */
function failureOf(name, output) {
  const begin = output.indexOf(`---- ${name} stdout ----\n`);
  if (begin < 0) return "";
  const end = output.slice(begin + 1).search(/^(---- .* ----|failures:|test result: )/m);
  return output.slice(begin, end < 0 ? begin + 4000 : begin + 1 + end);
}
