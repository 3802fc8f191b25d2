/** What is told of artefacts that are larger than they may be. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../../scripts/suites/size.js";

const BUDGETS = { engine: { raw: 1000, brotli: 300 }, page: { raw: 300, brotli: 90 } };

test("artefacts within their budgets pass, and what is not built is skipped with the reason", () => {
  const sizes = { engine: { raw: 1_000_000, brotli: 300_000 }, page: undefined };
  assert.deepEqual(judge(sizes, BUDGETS), { passed: 1, failed: [], skipped: [{ name: "page", reason: "not built; all suites together build it" }] });
});

test("an artefact that exceeds a budget fails, with its size and the budget", () => {
  const sizes = { engine: { raw: 1_000_001, brotli: 345_678 }, page: { raw: 1, brotli: 90_100 } };
  const { passed, failed } = judge(sizes, BUDGETS);
  assert.equal(passed, 0);
  assert.deepEqual(failed.map(({ name }) => name), ["engine", "page"]);
  assert.match(failed[0].details ?? "", /^1000\.0 KB raw; .*budgets\.json allows 1000 KB.*\n345\.7 KB brotli; .*allows 300 KB/);
  assert.match(failed[1].details ?? "", /^90\.1 KB brotli; [^\n]*allows 90 KB[^\n]*$/);
});

test("an artefact without a budget fails, and so does a budget without an artefact", () => {
  const { failed } = judge({ engine: { raw: 1, brotli: 1 }, new: { raw: 2000, brotli: 500 } }, BUDGETS);
  assert.deepEqual(failed.map(({ name, details }) => `${name}: ${details}`), [
    "new: 2.0 KB raw, and no budget in scripts/budgets.json\n0.5 KB brotli, and no budget in scripts/budgets.json",
    "page: has a budget, but there is no such artefact",
  ]);
});
