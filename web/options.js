/** Options of functions. */

/**
 * Checks that each option exists: a misspelled option would be ignored.
 *
 * @param {object} options
 * @param {string[]} known
 * @throws {TypeError}
 */
export function checkOptions(options, known) {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`no such option: ${unknown}; there are ${known.join(", ")}`);
}
