/**
 * What two interpreters printed for the same situations, compared line by line. Where they differ,
 * a rule has to say how and why; a rule that nothing needs any more has to go.
 *
 * @typedef {Map<string, string[]>} Situations What was seen in each, by name.
 *
 * @typedef {object} Rule A difference that is meant: one line of differences.json.
 * @property {string} in Pattern of the names of the situations, with their group: "streams:
 *   reading, read(3)".
 * @property {string} reference Pattern of a line of the reference; "" where it has none.
 * @property {string} here Pattern of our line; "" where we have none.
 * @property {string} [on] Where it occurs: "node", "wasi" or "page"; everywhere unless told.
 * @property {string} why
 */

/**
 * Reads what a script of situations printed.
 *
 * @param {string} output
 * @returns {Situations}
 */
export function readSituations(output) {
  /** @type {Situations} */
  const situations = new Map();
  /** @type {string[] | undefined} */
  let lines;
  for (const line of output.split("\n")) {
    if (line.startsWith("= ")) situations.set(line.slice(2), (lines = []));
    else if (line.trim() && lines) lines.push(line.trim());
    else if (line.trim()) throw new Error(`not a situation: ${line}`);
  }
  return situations;
}

/** Rules that know whether they were needed. */
export class Differences {
  /**
   * @param {Rule[]} rules
   * @param {"node" | "wasi" | "page"} on The runtime that is compared.
   */
  constructor(rules, on) {
    this.rules = rules.filter((rule) => (rule.on ?? on) === on).map((rule) => ({
      rule,
      used: 0,
      in: whole(rule.in),
      reference: whole(rule.reference),
      here: whole(rule.here),
    }));
  }

  /**
   * Whether a rule allows that we print one line where the reference prints the other.
   *
   * @param {string} name Of the situation.
   * @param {string} reference
   * @param {string} here
   */
  allow(name, reference, here) {
    const fits = this.rules.filter((rule) => rule.in.test(name) && rule.reference.test(reference) && rule.here.test(here));
    for (const rule of fits) rule.used++;
    return fits.length > 0;
  }

  /** Rules that allowed nothing. */
  get unused() {
    return this.rules.filter(({ used }) => !used).map(({ rule }) => rule);
  }
}

/**
 * @param {string} group
 * @param {Situations} reference
 * @param {Situations} here
 * @param {Differences} differences
 * @returns {{name: string, details?: string}[]} The reference's situations; with details where
 *   there is a difference that no rule allows.
 */
export function compare(group, reference, here, differences) {
  return [...reference].map(([situation, expected]) => {
    const name = `${group}: ${situation}`;
    const seen = here.get(situation);
    if (!seen) return { name, details: "was not run here" };
    const wrong = [];
    for (let index = 0; index < Math.max(expected.length, seen.length); index++) {
      const [theirs, ours] = [expected[index] ?? "", seen[index] ?? ""];
      if (theirs !== ours && !differences.allow(name, theirs, ours)) wrong.push(`reference  ${theirs}\nhere       ${ours}`);
    }
    return wrong.length ? { name, details: wrong.join("\n") } : { name };
  });
}

/** @param {string} pattern */
function whole(pattern) {
  return new RegExp(`^(?:${pattern})$`, "s");
}
