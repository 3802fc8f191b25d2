/** A minute of fuzzing, all targets together; `npm run fuzz` does more. */

import { buildTargets, fuzz, targets, whyNot } from "../lib/fuzzing.js";
import { emptyOutcome, skippedOutcome } from "../lib/outcome.js";
import { step } from "../lib/progress.js";

const SECONDS = 60;

export default {
  title: "Fuzzing, a minute",
  /** @param {string} title */
  run(title) {
    return step(title, async ({ note, result }) => {
      const reason = whyNot();
      if (reason) return skippedOutcome(title, reason);
      const outcome = emptyOutcome();
      await buildTargets(note);
      let all = 0;
      for (const target of targets()) {
        const { runs, failure } = await fuzz(target, SECONDS / targets().length, (line) => note(`${target}: ${line}`));
        all += runs;
        if (failure) outcome.failed.push({ name: `fuzzing ${target}`, details: failure });
        else outcome.passed++;
      }
      result(`${all} inputs`);
      return outcome;
    });
  },
};
