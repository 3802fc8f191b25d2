/** A minute of fuzzing for each target; `npm run fuzz` does more. */

import { availableParallelism } from "node:os";
import { buildTargets, fuzz, targets, whyNot } from "../lib/fuzzing.js";
import { emptyOutcome, skippedOutcome } from "../lib/outcome.js";
import { step } from "../lib/progress.js";

const SECONDS = 60;

export default {
  title: "Fuzzing, a minute for each target",
  /** @param {string} title */
  run(title) {
    return step(title, async ({ note, result }) => {
      const reason = whyNot();
      if (reason) return skippedOutcome(title, reason);
      const outcome = emptyOutcome();
      await buildTargets(note);
      let all = 0;
      const waiting = targets();
      const fuzzInTurn = async () => {
        for (let target; (target = waiting.shift()); ) {
          const name = target;
          const { runs, failure } = await fuzz(name, SECONDS, (line) => note(`${name}: ${line}`));
          all += runs;
          if (failure) outcome.failed.push({ name: `fuzzing ${name}`, details: failure });
          else outcome.passed++;
        }
      };
      await Promise.all(Array.from({ length: availableParallelism() }, fuzzInTurn));
      result(`${all} inputs`);
      return outcome;
    });
  },
};
