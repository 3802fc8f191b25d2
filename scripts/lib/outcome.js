/** What came out of tests. */

/**
 * @typedef {object} Outcome
 * @property {number} passed How many tests passed.
 * @property {{name: string, details?: string}[]} failed
 * @property {{name: string, reason: string}[]} skipped
 */

/** @returns {Outcome} That of no test. */
export function emptyOutcome() {
  return { passed: 0, failed: [], skipped: [] };
}

/**
 * @param {string} name
 * @param {string} reason
 * @returns {Outcome} That of tests none of which can run.
 */
export function skippedOutcome(name, reason) {
  return { ...emptyOutcome(), skipped: [{ name, reason }] };
}
