/**
 * The TLS clients that take turns at the cases. Each is a program that is given the case's kind, a
 * port, a file with the authority in PEM, warm-up and amount, and prints the CPU microseconds that
 * its process (all threads, user and system) took for the amount.
 */

import { join } from "node:path";
import { ROOT } from "../../scripts/lib/paths.js";
import { CASES, figure } from "./cases.js";
import { NATIVE, interpretersAndCompiling } from "./interpreters.js";
import { peerClients } from "./peers.js";

/** @param {string} name */
const file = (name) => join(ROOT, "benches/clients", name);

/** What the others are compared with. */
export const REFERENCE = "Node's tls";

/**
 * @typedef {object} Client
 * @property {string[]} command
 * @property {(name: string) => boolean} [can] Whether it can do a case; all of them by default.
 * @property {boolean} [optional] Whether the others are measured also where it fails.
 *
 * @param {import("./bench.js").Bench} bench
 * @returns {Promise<Record<string, Client>>} By subject.
 */
export async function clients(bench) {
  const program = file("micropython.py");
  /** @type {Record<string, Client>} */
  const all = {
    [REFERENCE]: { command: [process.execPath, file("node.js")] },
    "Node's tls, into one buffer": { command: [process.execPath, file("node-onread.js")] },
    "engine, from JavaScript": { command: [process.execPath, file("engine.js")] },
    "connect(), from JavaScript": { command: [process.execPath, file("connect.js")] },
  };
  for (const [subject, command] of Object.entries(await interpretersAndCompiling(bench))) all[subject] = { command: [...command, program] };
  if (all[NATIVE]) all[NATIVE].can = (name) => name.includes("tls12"); // MicroPython configures Mbed TLS without TLS 1.3
  return bench.peers ? { ...all, ...(await peerClients(bench)) } : all;
}

/**
 * Measures cases of a kind.
 *
 * @param {import("./cases.js").Case["kind"]} kind
 * @param {import("./bench.js").Bench} bench
 * @param {string[]} rows Names of cases without the kind.
 * @returns {Promise<import("./groups.js").Samples>}
 */
export async function measureClients(kind, bench, rows) {
  const { ports, caFile } = await bench.server();
  const turns = Object.entries(await clients(bench)).map(([subject, { command: [program, ...args], can = () => true, optional }]) => {
    /** @param {string} row */
    const measure = async (row) => {
      const name = `${kind}.${row}`;
      if (!can(name)) return undefined;
      const { warmUp, amount } = CASES[name];
      return figure(CASES[name], Number(await bench.client(program, [...args, kind, ports[name], caFile, warmUp, amount])));
    };
    return [subject, optional ? (/** @type {string} */ row) => bench.optional(`${subject}, ${kind}.${row}`, () => measure(row)) : measure];
  });
  return bench.takeTurns(rows, Object.fromEntries(turns));
}
