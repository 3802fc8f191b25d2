/** How large the artefacts are that users download, against scripts/budgets.json. */

import { readFileSync } from "node:fs";
import { measureArtefacts } from "../lib/artefacts.js";
import { step } from "../lib/progress.js";

const BUDGETS = JSON.parse(readFileSync(new URL("../budgets.json", import.meta.url), "utf8"));

export default {
  title: "Sizes of what users download",
  run(title) {
    return step(title, async ({ result }) => {
      const outcome = judge(await measureArtefacts(), BUDGETS);
      result(outcome.failed.length ? "too large" : `${outcome.passed} within their budgets`);
      return outcome;
    });
  },
};

/**
 * @param {Record<string, import("../lib/size.js").Size | undefined>} sizes By artefact; undefined
 *   for what is not built.
 * @param {Record<string, import("../lib/size.js").Size>} budgets In KB, by artefact.
 * @returns {import("../test.js").Outcome}
 */
export function judge(sizes, budgets) {
  const outcome = { passed: 0, failed: [], skipped: [] };
  for (const name of new Set([...Object.keys(sizes), ...Object.keys(budgets)])) {
    const excess = ["raw", "brotli"].filter((kind) => sizes[name]?.[kind] > (budgets[name]?.[kind] ?? 0) * 1000);
    if (!(name in sizes)) outcome.failed.push({ name, details: "has a budget, but there is no such artefact" });
    else if (!sizes[name]) outcome.skipped.push({ name, reason: "not built; all suites together build it" });
    else if (excess.length) outcome.failed.push({ name, details: excess.map((kind) => tooLarge(kind, sizes[name], budgets[name])).join("\n") });
    else outcome.passed++;
  }
  return outcome;
}

function tooLarge(kind, sizes, budget) {
  const size = (sizes[kind] / 1000).toFixed(1);
  if (!budget) return `${size} KB ${kind}, and no budget in scripts/budgets.json`;
  return `${size} KB ${kind}; scripts/budgets.json allows ${budget[kind]} KB. Make it smaller, or raise the budget and say why.`;
}
