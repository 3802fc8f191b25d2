/** The bench's report: what was measured, when and where, as text, Markdown and JSON. */

import { arch, cpus, platform } from "node:os";
import { median, round, table } from "./table.js";

/** From which median spread on a machine is said to have been busy. */
const UNSTEADY = 0.1;

/**
 * @typedef {object} Figures A group as it was measured.
 * @property {string} title
 * @property {string} [reference]
 * @property {Record<string, import("./groups.js").Row>} rows
 * @property {Record<string, Record<string, number>>} figures Medians by row and subject.
 * @property {import("./groups.js").Samples} samples
 *
 * @typedef {object} Report
 * @property {string} date
 * @property {{cpu: string, cores: number, system: string, node: string}} machine
 * @property {number} rounds
 * @property {Record<string, Figures>} groups
 * @property {Record<string, string>} skipped Subjects that could not be measured, and why.
 */

/**
 * @param {Omit<import("./groups.js").Group, "measure">} group
 * @param {string[]} names Of the rows that were asked for.
 * @param {import("./groups.js").Samples} samples
 * @returns {Figures}
 */
export function summarise({ title, reference, rows }, names, samples) {
  /** @template T @param {(name: string) => T} value @returns {Record<string, T>} */
  const byName = (value) => Object.fromEntries(names.map((name) => [name, value(name)]));
  /** @param {Record<string, number[]>} bySubject */
  const medians = (bySubject) => Object.fromEntries(Object.entries(bySubject).map(([subject, numbers]) => [subject, median(numbers)]));
  const measured = byName((name) => samples[name] ?? {});
  return { title, reference, rows: byName((name) => rows[name]), figures: byName((name) => medians(measured[name])), samples: measured };
}

/** @returns {Report["machine"]} This one. */
export function thisMachine() {
  return { cpu: cpus()[0]?.model, cores: cpus().length, system: `${platform()} ${arch()}`, node: process.version };
}

const PLOT = "![Handshakes and downloads](speed.svg)";

/** One line that says when and on what. @param {Report} report */
export function origin({ date, machine, rounds }) {
  return `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}, ${rounds} rounds`;
}

/**
 * How far the runs of a figure are apart, beside the figure.
 *
 * @param {number[]} numbers
 * @returns {number} 0 if they are all the same.
 */
function spread(numbers) {
  return (Math.max(...numbers) - Math.min(...numbers)) / median(numbers);
}

/**
 * @param {Pick<Report, "groups">} report
 * @returns {string[]} How far runs of one figure are apart; nothing where there is one run of each.
 */
export function steadiness({ groups }) {
  const samples = Object.values(groups).flatMap((group) => Object.values(group.samples).flatMap(Object.values));
  const spreads = samples.filter((numbers) => numbers.length > 1).map(spread);
  if (!spreads.length) return [];
  const [middle, most] = [median(spreads), Math.max(...spreads)].map((part) => `${(100 * part).toFixed(0)} %`);
  const busy = median(spreads) > UNSTEADY ? " The machine had other work meanwhile; ratios tell more than figures." : "";
  return [`The runs of a figure are ${middle} of it apart in the median, ${most} at most.${busy}`];
}

/**
 * @param {Report} report
 * @returns {string} For a terminal.
 */
export function asText(report) {
  const tables = Object.values(report.groups).map((group) => `${group.title}\n\n${table(head(group), lines(group))}`);
  return [...tables, ...skips(report), ...steadiness(report), origin(report)].join("\n\n");
}

/**
 * @param {Report} report
 * @returns {string} In Markdown.
 */
export function asMarkdown(report) {
  /** @param {string[]} cells */
  const row = (cells) => `| ${cells.join(" | ")} |`;
  const tables = Object.values(report.groups).map((group) => {
    const rule = head(group).map((_, column) => (column ? "---:" : "---"));
    const note = group.reference ? `\n\nIn brackets: beside ${group.reference}.` : "";
    return `## ${group.title}\n\n${[head(group), rule, ...lines(group)].map(row).join("\n")}${note}`;
  });
  const words = "Written by `npm run bench`: medians of runs in which the subjects take turns.";
  return `${["# Bench", `${words} ${origin(report)}.`, ...steadiness(report), PLOT, ...tables, ...skips(report)].join("\n\n")}\n`;
}

/** @param {Figures} group */
function head({ rows }) {
  return ["", ...Object.entries(rows).map(([name, { unit }]) => `${name}, ${unit}`)];
}

/** A line a subject. @param {Figures} group */
function lines({ rows, figures, reference }) {
  const subjects = [...new Set(Object.values(figures).flatMap(Object.keys))];
  return subjects.map((subject) => [subject, ...Object.keys(rows).map((row) => cell(figures[row], subject, reference))]);
}

/**
 * @param {Record<string, number>} figures By subject.
 * @param {string} subject
 * @param {string} [reference] The subject that it is compared with.
 * @returns {string} Its figure, and what that is beside the reference's; empty where it has none.
 */
export function cell(figures, subject, reference) {
  const figure = figures[subject];
  if (figure === undefined) return "";
  const other = reference === undefined || reference === subject ? undefined : figures[reference];
  const ratio = other === undefined ? "" : ` (${(figure / other).toFixed(2)}x)`;
  return `${round(figure, figure < 100 ? 2 : 0)}${ratio}`;
}

/** @param {Report} report */
function skips({ skipped }) {
  const list = Object.entries(skipped).map(([subject, reason]) => `${subject}: ${reason}`);
  return list.length ? [`Not measured: ${list.join("; ")}`] : [];
}
