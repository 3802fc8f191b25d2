/** Known vulnerabilities, licences and sources of what is depended on. */

import { audit } from "../lib/auditing.js";
import { step } from "../lib/progress.js";

export default {
  title: "Dependencies: cargo deny, npm audit",
  /** @param {string} title */
  run(title) {
    return step(title, async ({ note, result }) => {
      const outcome = await audit(note);
      result(outcome.failed.length ? "found something" : `${outcome.passed} passed`);
      return outcome;
    });
  },
};
