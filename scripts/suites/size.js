/** How large the artefacts are that users download, against scripts/budgets.json. */

import { readFileSync } from "node:fs";
import { measureArtefacts } from "../lib/artefacts.js";
import { emptyOutcome } from "../lib/outcome.js";
import { step } from "../lib/progress.js";

/** @import { Size } from "../lib/size.js" */

const BUDGETS = JSON.parse(readFileSync(new URL("../budgets.json", import.meta.url), "utf8"));
/** @type {(keyof Size)[]} */
const KINDS = ["raw", "brotli"];

export default {
  title: "Sizes of what users download",
  /** @param {string} title */
  run(title) {
    return step(title, async ({ result }) => {
      const outcome = judge(await measureArtefacts(), BUDGETS);
      result(outcome.failed.length ? "too large" : `${outcome.passed} within their budgets`);
      return outcome;
    });
  },
};

/**
 * @param {Record<string, Size | undefined>} sizes By artefact; undefined
 *   for what is not built.
 * @param {Record<string, Size>} budgets In KB, by artefact.
 * @returns {import("../lib/outcome.js").Outcome}
 */
export function judge(sizes, budgets) {
  const outcome = emptyOutcome();
  for (const name of new Set([...Object.keys(sizes), ...Object.keys(budgets)])) {
    const size = sizes[name];
    if (!(name in sizes)) outcome.failed.push({ name, details: "has a budget, but there is no such artefact" });
    else if (!size) outcome.skipped.push({ name, reason: "not built; all suites together build it" });
    else {
      const excess = KINDS.flatMap((kind) => tooLarge(kind, size, budgets[name]));
      if (excess.length) outcome.failed.push({ name, details: excess.join("\n") });
      else outcome.passed++;
    }
  }
  return outcome;
}

/** @param {keyof Size} kind @param {Size} sizes @param {Size | undefined} budget */
function tooLarge(kind, sizes, budget) {
  if (sizes[kind] <= (budget?.[kind] ?? 0) * 1000) return [];
  const size = (sizes[kind] / 1000).toFixed(1);
  if (!budget) return [`${size} KB ${kind}, and no budget in scripts/budgets.json`];
  return [`${size} KB ${kind}; scripts/budgets.json allows ${budget[kind]} KB. Make it smaller, or raise the budget and say why.`];
}
