/** What a load's memory, descriptors and pace were, and where that is written. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../../scripts/lib/paths.js";

const MIB = 1024 * 1024;
const FILE = join(ROOT, "benches", "report", "loads.json");
const PAGE = join(ROOT, "docs", "performance.md");
const BEGIN = "<!-- Written by `npm run test:long`: -->";
const END = "<!-- End of what it writes. -->";

/**
 * @typedef {"memory" | "heap" | "descriptors"} Kind
 *
 * @typedef {object} Look
 * @property {number} percent
 * @property {number} heap
 * @property {number} memory Bytes.
 * @property {number} [descriptors]
 * @property {number} time
 *
 * @typedef {ReturnType<Figures["result"]>} Result
 */

/** Looks at each per cent of a load. */
export class Figures {
  /** @type {Look[]} */
  #looks = [];

  /** @param {import("./runtimes.js").Running} running */
  constructor(running) {
    this.running = running;
  }

  /** @param {number} percent @param {number} heap As the program says. */
  look(percent, heap) {
    const { memory, descriptors } = this.running;
    const bytes = memory();
    // A program may have ended when its last line comes.
    if (bytes > 0) this.#looks.push({ percent, heap, memory: bytes, descriptors: descriptors(), time: performance.now() });
  }

  /**
   * What came of it. Collectors let memory go up and down, so what counts of a tenth is the least.
   *
   * @returns {{memory: number[], growth: number, heap: number[], descriptors: number[], pace:
   *   number}} MiB and descriptors after the first tenth and at the end; `pace` is the time of the
   *   last tenth, divided by that of the second.
   */
  result() {
    const [early, late] = [10, 90].map((from) => this.#looks.filter(({ percent }) => percent >= from && percent <= from + 10));
    /** @param {Look[]} looks @param {Kind} what */
    const least = (looks, what) => Math.min(...looks.map((look) => look[what] ?? Infinity));
    /** @param {Look[]} looks */
    const time = (looks) => looks[looks.length - 1].time - looks[0].time;
    /** @param {Kind} what */
    const both = (what) => (early[0][what] === undefined ? [] : [least(early, what), least(late, what)]);
    const memory = both("memory").map((bytes) => rounded(bytes / MIB, 1));
    return { memory, growth: rounded(memory[1] - memory[0], 1), heap: both("heap"), descriptors: both("descriptors"), pace: rounded(time(late) / time(early), 2) };
  }
}

/**
 * Keeps the figures of a load at its full size, and writes the table of all of them.
 *
 * @param {string} load
 * @param {string} runtime
 * @param {Result} figures
 */
export function keep(load, runtime, figures) {
  const all = read();
  (all[load] ??= {})[runtime] = figures;
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, `${JSON.stringify(all, null, 1)}\n`);
  const page = readFileSync(PAGE, "utf8");
  const [before, rest] = page.split(BEGIN);
  if (rest === undefined) throw new Error(`${PAGE} lacks the mark of where the figures of loads are`);
  writeFileSync(PAGE, `${before}${BEGIN}\n${table(all)}\n${END}${rest.split(END)[1]}`);
}

/** @returns {Record<string, Record<string, Result>>} */
function read() {
  try {
    return JSON.parse(readFileSync(FILE, "utf8"));
  } catch {
    return {};
  }
}

/** @param {ReturnType<typeof read>} all */
function table(all) {
  const rows = Object.entries(all).flatMap(([load, runtimes]) =>
    Object.entries(runtimes).map(([runtime, { memory, growth, descriptors, pace }]) => {
      return `| ${load} | ${runtime} | ${memory.join(" → ")} | ${growth} | ${descriptors.join(" → ")} | ${pace}x |`;
    }),
  );
  const head = "| load | where | memory, MiB | growth | descriptors | pace |\n|---|---|---:|---:|---:|---:|";
  return `${head}\n${rows.join("\n")}`;
}

/** @param {number} number @param {number} digits */
function rounded(number, digits) {
  return Number(number.toFixed(digits));
}
