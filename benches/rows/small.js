/**
 * Reads of few bytes by MicroPython programs: what a step from Python to the engine and back costs.
 */

import { join } from "node:path";
import { ROOT } from "../../scripts/lib/paths.js";
import { NATIVE, interpreters } from "../lib/interpreters.js";

const CLIENT = join(ROOT, "benches/clients/micropython.py");
// V8 needs so many calls to compile what a call uses. Without them, its time would be part of the
// figure.
const WARM_UP = 50000;
const COUNT = 20000;

/**
 * How a row reads, and the bytes that it gets each time.
 *
 * @type {Record<string, [string, number]>}
 */
const READS = { "read(1)": ["read", 1], "readline()": ["readline", 64] };

/** @type {import("../lib/groups.js").Group} */
export default {
  title: "Small reads",
  rows: Object.fromEntries(Object.keys(READS).map((row) => [row, { unit: "µs of CPU each", better: "lower" }])),
  reference: NATIVE,
  async measure(bench, rows) {
    const { ports, caFile } = await bench.server();
    /** @param {string[]} command @returns {(row: string) => Promise<number>} */
    const measure = ([program, ...args]) => async (row) => {
      const [how, bytes] = READS[row];
      const given = [how, ports["bulk.tls12.aes128gcm"], caFile, WARM_UP * bytes, COUNT * bytes];
      return Number(await bench.client(program, [...args, CLIENT, ...given])) / COUNT;
    };
    const subjects = Object.entries(await interpreters(bench)).map(([subject, command]) => [subject, measure(command)]);
    return bench.takeTurns(rows, Object.fromEntries(subjects));
  },
};
