import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Bench } from "../../benches/lib/bench.js";
import { CASES, figure } from "../../benches/lib/cases.js";
import { REFERENCE, clients } from "../../benches/lib/clients.js";
import { choose, loadGroups } from "../../benches/lib/groups.js";
import { draw } from "../../benches/lib/plot.js";
import { published } from "../../benches/lib/publish.js";
import { asMarkdown, asText, steadiness, summarise } from "../../benches/lib/report.js";
import { ROOT, WORK } from "../../scripts/lib/paths.js";
import { start } from "../support/programs.js";

const SERVER = new URL("../../benches/lib/server.js", import.meta.url).pathname;

test("every client of the bench does its case and tells its CPU time", async (t) => {
  const server = await start(process.execPath, [SERVER], { ready: /^\{.*\}$/m });
  t.after(server.stop);
  const { ports, ca } = JSON.parse(server.output());
  mkdirSync(WORK, { recursive: true });
  const folder = mkdtempSync(join(WORK, "bench-")); // where MicroPython in wasmtime sees it
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "ca.pem"), ca);
  const bench = new Bench({ rounds: 1, peers: true });
  t.after(() => bench.stop());
  for (const [subject, { command, can = () => true }] of Object.entries(await clients(bench))) {
    const [program, ...args] = command;
    for (const name of ["handshake.tls12.ecdsa", "handshake.tls13.rsa", "bulk.chacha20", "bulk.tls12.aes128gcm"].filter(can)) {
      const { kind } = CASES[name];
      const amounts = kind === "handshake" ? [1, 2] : [1000, 1_000_000];
      const output = await bench.client(program, [...args, kind, ports[name], join(folder, "ca.pem"), ...amounts]);
      assert(Number(output) > 0, `${name}, ${subject} printed ${output}`);
    }
  }
  if (Object.keys(bench.skipped).length) t.diagnostic(JSON.stringify(bench.skipped));
});

test("groups and rows of the bench are chosen by what their names begin with", async () => {
  const groups = await loadGroups();
  assert.deepEqual(choose(groups, ["handshake.tls13", "bulk.chacha20"]), { handshake: ["tls13.ecdsa", "tls13.rsa"], bulk: ["chacha20"] });
  assert.deepEqual(Object.keys(choose(groups)), Object.keys(groups));
  assert.throws(() => choose(groups, ["bul"]), { name: "Problem", message: /Nothing is called bul; there are:\n {2}handshake\.tls13\.ecdsa\n/ });
});

test("subjects take turns, and those that cannot be measured are told with the reason", async () => {
  const bench = new Bench({ rounds: 2 });
  /** @type {string[]} */
  const order = [];
  /** @param {string} name @returns {(row: string) => Promise<number | undefined>} */
  const subject = (name) => async (row) => (name === "b" && row === "y" ? undefined : order.push(`${name}${row}`));
  assert.deepEqual(await bench.takeTurns(["x", "y"], { a: subject("a"), b: subject("b") }), { x: { a: [1, 4], b: [2, 5] }, y: { a: [3, 6] } });
  assert.deepEqual(order, ["ax", "bx", "ay", "ax", "bx", "ay"]);
  await bench.optional("c", () => Promise.reject(new Error("not here\nat all")));
  await bench.optional("d", () => bench.client(process.execPath, ["-e", "throw new TypeError('no such thing')"]));
  assert.deepEqual(bench.skipped, { c: "not here", d: "TypeError: no such thing" });
});

test("the report shows medians, ratios to the reference and what was not measured", () => {
  /** @type {Parameters<typeof summarise>[0]} */
  const group = { title: "Speed", reference: "a", rows: { fast: { unit: "MB/s", better: "higher" }, slow: { unit: "s", better: "lower" } } };
  const samples = { fast: { a: [3, 1, 2], b: [4, 1, 2, 3] }, slow: { b: [1234.5] } };
  const machine = { cpu: "A CPU", cores: 2, system: "linux", node: "v20" };
  const groups = { speed: summarise(group, ["fast", "slow"], samples) };
  const report = { date: "2026-01-02T03:04:05Z", machine, rounds: 3, groups, skipped: { c: "not here" } };
  assert.equal(
    asText(report),
    "Speed\n\n    fast, MB/s  slow, s\n-  -----------  -------\na            2         \nb  2.5 (1.25x)     1235\n\n" +
      "Not measured: c: not here\n\nThe runs of a figure are 110 % of it apart in the median, 120 % at most. " +
      "The machine had other work meanwhile; ratios tell more than figures.\n\n2026-01-02, A CPU, 2 cores, linux, Node v20, 3 rounds",
  );
  assert.match(asMarkdown(report), /## Speed\n\n\|  \| fast, MB\/s \| slow, s \|\n\| --- \| ---: \| ---: \|\n\| a \| 2 \|  \|\n\| b \| 2\.5 \(1\.25x\) \| 1235 \|/);
});

test("a report says nothing of a busy machine where runs agree, and nothing of runs where there is one of each", () => {
  /** @param {number[]} samples */
  const steady = (samples) => steadiness({ groups: { speed: summarise({ title: "", rows: { fast: { unit: "s", better: "lower" } } }, ["fast"], { fast: { a: samples } }) } });
  assert.deepEqual(steady([100, 101, 102]), ["The runs of a figure are 2 % of it apart in the median, 2 % at most."]);
  assert.deepEqual(steady([100]), []);
});

test("the committed report, its plot and the README's figures are of one run", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const report = JSON.parse(readFileSync(join(ROOT, "benches/report/report.json"), "utf8"));
  for (const [path, contents] of Object.entries(published(report, readme))) {
    assert.equal(readFileSync(join(ROOT, path), "utf8"), contents, `${path}: npm run bench writes it`);
  }
  assert.throws(() => published(report, "# No place for figures"), /README\.md lacks the marks/);
});

test("bars are as long as their figures, and spans as their runs", () => {
  /** @param {string} label @param {number} value @param {[number, number]} range */
  const bar = (label, value, range) => ({ label, kind: "ours", value, range, text: `${value}` });
  const panel = { title: "A & B", note: "", bars: [bar("a", 50, [40, 60]), bar("b", 100, [100, 100])] };
  const svg = draw({ title: "Plot", panels: [panel], legend: { ours: "us", native: "", peer: "" }, note: "" });
  const lengths = [...svg.matchAll(/<rect class="ours" x="\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width));
  const spans = [...svg.matchAll(/class="spread" d="M([\d.]+) [\d.]+H([\d.]+)/g)].map(([, from, to]) => Number(to) - Number(from));
  assert.equal((lengths[1] / lengths[0]).toFixed(1), "2.0");
  assert.equal((spans[0] / lengths[0]).toFixed(1), "0.4");
  assert.equal(spans[1], 0);
  assert.match(svg, /A &amp; B/);
});

test("figures are milliseconds a handshake and megabytes a second", () => {
  assert.equal(figure({ kind: "handshake", amount: 100 }, 250_000), 2.5);
  assert.equal(figure({ kind: "bulk", amount: 64_000_000 }, 128_000), 500);
});

test("the bench compares with a client that there always is", async () => {
  assert(REFERENCE in (await clients(new Bench({ rounds: 1 }))));
});
