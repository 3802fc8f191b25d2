/** Options of functions. */

/**
 * The options that the caller gave. What another script has put on Object.prototype is none of
 * them.
 *
 * @template {object} T
 * @param {T} options
 * @returns {T}
 */
export function ownOptions(options) {
  return Object.assign(Object.create(null), options);
}

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
