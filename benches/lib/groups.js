/** What can be measured: the groups of figures in benches/rows, one module each. */

import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { Problem } from "../../scripts/lib/progress.js";

const FOLDER = new URL("../rows/", import.meta.url);

/**
 * @typedef {object} Row A figure that several subjects have.
 * @property {string} unit
 * @property {"lower" | "higher"} better
 *
 * @typedef {Record<string, Record<string, number[]>>} Samples By row and subject; the median of
 *   them is the figure. Subjects are shown in the order in which they first come, and need not have
 *   every row.
 *
 * @typedef {object} Group The default export of benches/rows/NAME.js.
 * @property {string} title
 * @property {Record<string, Row>} rows By name, in the order in which they are shown.
 * @property {string} [reference] The subject that the others are compared with.
 * @property {(bench: import("./bench.js").Bench, rows: string[]) => Promise<Samples>} measure
 *   Measures the rows that are asked for.
 */

/** Names of the groups, in the order in which they are measured; any other comes after them. */
const ORDER = ["handshake", "bulk", "small", "requests", "python", "startup", "memory", "size"];

/** @returns {Promise<Record<string, Group>>} All groups by name. */
export async function loadGroups() {
  const names = readdirSync(FOLDER).map((file) => basename(file, ".js"));
  /** @param {string} name */
  const place = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  names.sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
  /** @type {Record<string, Group>} */
  const groups = {};
  for (const name of names) groups[name] = (await import(new URL(`${name}.js`, FOLDER).href)).default;
  return groups;
}

/**
 * @param {Record<string, Group>} groups
 * @param {string[]} [patterns] Rows as `group.row`, or what they begin with: `bulk`,
 *   `handshake.tls13`. All by default.
 * @returns {Record<string, string[]>} The rows to measure of each group that has some.
 * @throws {Problem} when one fits nothing.
 */
export function choose(groups, patterns) {
  /** @param {string} pattern @param {string} id */
  const fits = (pattern, id) => id === pattern || id.startsWith(`${pattern}.`);
  const ids = Object.entries(groups).flatMap(([group, { rows }]) => Object.keys(rows).map((row) => `${group}.${row}`));
  const unknown = patterns?.filter((pattern) => !ids.some((id) => fits(pattern, id))) ?? [];
  if (unknown.length) throw new Problem(`Nothing is called ${unknown.join(", ")}; there are:\n  ${ids.join("\n  ")}`);
  /** @type {Record<string, string[]>} */
  const chosen = {};
  for (const [group, { rows }] of Object.entries(groups)) {
    const some = Object.keys(rows).filter((row) => !patterns || patterns.some((pattern) => fits(pattern, `${group}.${row}`)));
    if (some.length) chosen[group] = some;
  }
  return chosen;
}
