/**
 * Python itself, without network: programs of MicroPython's own tests/perf_bench, beside the unix
 * port.
 */

import { join } from "node:path";
import { ROOT } from "../../scripts/lib/paths.js";
import { source } from "../../scripts/lib/source.js";
import { NATIVE, interpreters } from "../lib/interpreters.js";

/** @type {Record<string, string>} */
const PROGRAMS = { pystone: "misc_pystone.py", nqueens: "bm_nqueens.py", fannkuch: "bm_fannkuch.py", float: "bm_float.py" };
const CLIENT = join(ROOT, "benches/clients/python.py");

/** @type {import("../lib/groups.js").Group} */
export default {
  title: "Python",
  rows: Object.fromEntries(Object.keys(PROGRAMS).map((row) => [row, { unit: "ms of CPU", better: "lower" }])),
  reference: NATIVE,
  async measure(bench, rows) {
    const tree = await source("micropython", bench.note);
    /** @param {string[]} command @returns {(row: string) => Promise<number>} */
    const measure = ([program, ...args]) => async (row) =>
      Number(await bench.client(program, [...args, CLIENT, join(tree, "tests/perf_bench", PROGRAMS[row])])) / 1000;
    const subjects = Object.entries(await interpreters(bench)).map(([subject, command]) => [subject, measure(command)]);
    return bench.takeTurns(rows, Object.fromEntries(subjects));
  },
};
