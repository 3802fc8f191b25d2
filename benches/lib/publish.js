/** What a run of everything leaves behind: benches/report, and the figures in the README. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/paths.js";
import { draw } from "./plot.js";
import { asMarkdown, cell, origin, steadiness } from "./report.js";

/** @import { Report } from "./report.js" */

const FOLDER = join("benches", "report");
const README = "README.md";

/** Where the README's figures are. */
const BEGIN = "<!-- Written by `npm run bench`: -->";
const END = "<!-- End of what it writes. -->";

/** What the plot shows, and the README's table. */
const SHOWN = [
  { group: "handshake", row: "tls13.ecdsa", title: "Handshake, TLS 1.3", note: "ms of CPU, shorter is better", column: "handshake, ms" },
  { group: "bulk", row: "chacha20", title: "Download, ChaCha20-Poly1305", note: "MB per CPU second, longer is better", column: "ChaCha20, MB/s" },
  { group: "bulk", row: "aes128gcm", title: "Download, AES-128-GCM", note: "MB per CPU second, longer is better", column: "AES, MB/s" },
  { group: "bulk", row: "tls12.aes128gcm", title: "Download, TLS 1.2, AES-128-GCM", note: "MB per CPU second, longer is better", column: "TLS 1.2 AES, MB/s" },
];

/** Kinds of subjects by what their names begin with; the rest are peers. */
const KINDS = { "Node's tls": "native", "MicroPython, native": "native", engine: "ours", MicroPython: "ours" };
const LEGEND = { ours: "micropython-ssl", native: "native code", peer: "others in wasm or JavaScript" };

/**
 * Writes it.
 *
 * @param {Report} report
 * @returns {string[]} Paths below the checkout.
 */
export function publish(report) {
  mkdirSync(join(ROOT, FOLDER), { recursive: true });
  const files = published(report, readFileSync(join(ROOT, README), "utf8"));
  for (const [path, contents] of Object.entries(files)) writeFileSync(join(ROOT, path), contents);
  return Object.keys(files);
}

/**
 * @param {Report} report
 * @param {string} readme As it is.
 * @returns {Record<string, string>} Contents by path below the checkout.
 */
export function published(report, readme) {
  return {
    [join(FOLDER, "report.json")]: asJson(report),
    [join(FOLDER, "README.md")]: asMarkdown(report),
    [join(FOLDER, "speed.svg")]: plot(report),
    [README]: fill(readme, report),
  };
}

/** Lists of numbers each on one line. @param {Report} report */
function asJson(report) {
  return `${JSON.stringify(report, null, 2).replace(/\[[-\d.,e\s]+\]/g, (list) => list.replace(/\s+/g, " "))}\n`;
}

/** @param {Report} report */
function plot(report) {
  const panels = available(report).map(({ group, row, title, note }) => {
    const { figures, samples, reference } = report.groups[group];
    const bars = Object.entries(figures[row]).map(([label, value]) => {
      const runs = samples[row][label];
      /** @type {[number, number]} */
      const range = [Math.min(...runs), Math.max(...runs)];
      return { label: short(label), kind: kindOf(label), value, range, text: cell(figures[row], label, reference) };
    });
    return { title, note, bars };
  });
  const { machine, date } = report;
  return draw({ title: "Handshakes and downloads over TLS", panels, legend: LEGEND, note: `${date.slice(0, 10)}, ${machine.cpu}, Node ${machine.node}` });
}

/** Puts the figures between the markers. @param {string} readme @param {Report} report */
function fill(readme, report) {
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${README} lacks the marks of where the bench's figures are`);
  return `${before}${BEGIN}\n${figuresOf(report)}\n${END}${after}`;
}

/** @param {Report} report */
function figuresOf(report) {
  const shown = available(report);
  /** @param {typeof SHOWN[0]} entry */
  const of = ({ group, row }) => report.groups[group].figures[row];
  const subjects = [...new Set(shown.flatMap((entry) => Object.keys(of(entry))))];
  /** @param {string[]} cells */
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const lines = [
    line(["CPU of the client's process", ...shown.map(({ column }) => column)]),
    line(["---", ...shown.map(() => "---:")]),
    ...subjects.map((subject) => line([subject, ...shown.map((entry) => cell(of(entry), subject, report.groups[entry.group].reference))])),
  ];
  const sizes = Object.entries(report.groups.size?.figures.brotli ?? {}).map(([name, size]) => `${name} ${Math.round(size)} KB`);
  const origins = `${origin(report)}; in brackets: beside Node's native tls. All figures: [benches/report](benches/report/README.md).`;
  const words = [[origins, ...steadiness(report)].join(" "), ...(sizes.length ? [`Downloads, compressed by brotli: ${sizes.join(", ")}.`] : [])];
  return ["![Handshakes and downloads](benches/report/speed.svg)", lines.join("\n"), ...words].join("\n\n");
}

/** What of it was measured. @param {Report} report */
function available(report) {
  return SHOWN.filter(({ group, row }) => report.groups[group]?.figures[row]);
}

/** @param {string} subject */
function kindOf(subject) {
  const [, kind = "peer"] = Object.entries(KINDS).find(([begin]) => subject.startsWith(begin)) ?? [];
  return kind;
}

/** As there is room for. @param {string} subject */
function short(subject) {
  return subject
    .replace("MicroPython, native, Mbed TLS", "MicroPython with Mbed TLS")
    .replace("MicroPython in wasmtime, compiled", "wasmtime, compiled")
    .replace("Node's tls, into", "… into");
}
