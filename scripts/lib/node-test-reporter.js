/**
 * A reporter for node:test that prints a line of JSON for every test: an `Event`.
 */

import { inspect } from "node:util";

/**
 * @typedef {object} Event One test.
 * @property {"passed" | "failed" | "skipped"} result
 * @property {string} name
 * @property {string} [file]
 * @property {string} [details] What went wrong.
 * @property {string} [reason] Why it was skipped.
 */

/** @param {AsyncIterable<{type: string, data: any}>} source */
export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const event = read(type, data);
    if (event) yield `${JSON.stringify(event)}\n`;
  }
}

/** @param {string} type @param {any} data @returns {Event | undefined} */
function read(type, { name, file, details, skip, todo }) {
  if (skip !== undefined && skip !== false) return { result: "skipped", name, file, reason: typeof skip === "string" ? skip : "no reason given" };
  if (todo !== undefined && todo !== false) return { result: "skipped", name, file, reason: `to do${typeof todo === "string" ? `: ${todo}` : ""}` };
  if (details.type === "suite" && type === "test:pass") return undefined;
  if (type === "test:pass") return { result: "passed", name, file };
  // A group fails because of a test in it, which has a line of its own.
  if (details.error?.failureType === "subtestsFailed") return undefined;
  return { result: "failed", name, file, details: inspect(details.error?.cause ?? details.error, { depth: 4 }) };
}
