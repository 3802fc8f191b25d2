/**
 * Fuzzes: `npm run fuzz` for ten minutes, `npm run fuzz -- 60 tls verifier` for an hour two
 * targets.
 */

import { buildTargets, chosenTargets, fuzz, whyNot } from "./lib/fuzzing.js";
import { Problem, runMain, step } from "./lib/progress.js";

const MINUTES = 10;

await runMain(async () => {
  const [first, ...others] = process.argv.slice(2);
  const minutes = first === undefined || Number.isNaN(Number(first)) ? MINUTES : Number(first);
  const names = chosenTargets(minutes === Number(first) ? others : process.argv.slice(2));
  if (!(minutes > 0)) throw new Problem(`${first} is no number of minutes.`);
  const reason = whyNot();
  if (reason) throw new Problem(`Nothing can be fuzzed: ${reason}.`);
  await step("Fuzz targets", ({ note }) => buildTargets(note));
  let failed = 0;
  for (const target of names) {
    await step(`Fuzzing ${target}`, async ({ note, result }) => {
      const { runs, failure } = await fuzz(target, (minutes * 60) / names.length, note);
      result(failure ? "found something" : `${runs} inputs`);
      if (failure) console.log(failure);
      if (failure) failed++;
    });
  }
  return failed ? 1 : 0;
});
