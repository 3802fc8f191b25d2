/**
 * A value of a type that the callee does not take: tests show what becomes of it.
 *
 * @param {unknown} value
 * @returns {any}
 */
export const mistyped = (value) => value;
