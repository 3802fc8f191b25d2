/**
 * The Content-Security-Policy that a page gives itself in a meta element; "" if it has none.
 *
 * @param {string} html
 */
export function policyOf(html) {
  return /<meta http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? "";
}
