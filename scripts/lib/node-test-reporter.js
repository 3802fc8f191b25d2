/**
 * A reporter for node:test that prints a line of JSON for every test:
 * {result, name, file, details?, reason?}.
 */

import { inspect } from "node:util";

/** @param {AsyncIterable<{type: string, data: any}>} source */
export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const event = read(type, data);
    if (event) yield `${JSON.stringify(event)}\n`;
  }
}

function read(type, { name, file, details, skip, todo }) {
  if (skip !== undefined && skip !== false) return { result: "skipped", name, file, reason: typeof skip === "string" ? skip : "no reason given" };
  if (todo !== undefined && todo !== false) return { result: "skipped", name, file, reason: `to do${typeof todo === "string" ? `: ${todo}` : ""}` };
  if (details.type === "suite" && type === "test:pass") return undefined;
  if (type === "test:pass") return { result: "passed", name, file };
  // A group fails because of what is in it, which has been told already.
  if (details.error?.failureType === "subtestsFailed") return undefined;
  return { result: "failed", name, file, details: inspect(details.error?.cause ?? details.error, { depth: 4 }) };
}
