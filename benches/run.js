/**
 * `npm run bench`: what our TLS costs beside Node's native tls and others, against one local server, in several rounds in which
 * the subjects take turns; what is shown is the median. A run of everything is kept in benches/report.
 *
 *     npm run bench -- [--rounds N] [--only bulk.chacha20,handshake,…] [--peers]
 *
 * With --peers other projects' TLS for pages is fetched and measured too.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../scripts/build.js";
import { ROOT } from "../scripts/lib/paths.js";
import { Problem, runMain, shortPath, step } from "../scripts/lib/progress.js";
import { setUp } from "../scripts/setup.js";
import { Bench } from "./lib/bench.js";
import { choose, loadGroups } from "./lib/groups.js";
import { asMarkdown, asText, summarise, thisMachine } from "./lib/report.js";

const REPORT = join(ROOT, "benches", "report");

await runMain(async () => {
  const { rounds, only, peers } = options();
  await setUp();
  await build();
  const all = await loadGroups();
  const bench = new Bench({ rounds, peers });
  const groups = {};
  for (const [name, rows] of Object.entries(choose(all, only))) {
    groups[name] = await step(all[name].title, async ({ note }) => {
      bench.note = note;
      return summarise(all[name], rows, await all[name].measure(bench, rows));
    });
  }
  await bench.stop();
  const report = { date: new Date().toISOString(), machine: thisMachine(), rounds, groups, skipped: bench.skipped };
  console.log(`\n${asText(report)}`);
  if (!only) keep(report);
});

function options() {
  const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" }, only: { type: "string" }, peers: { type: "boolean" } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Problem(`--rounds takes a number, not ${values.rounds}.`);
  return { rounds, only: values.only?.split(","), peers: values.peers };
}

function keep(report) {
  mkdirSync(REPORT, { recursive: true });
  writeFileSync(join(REPORT, "latest.json"), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(REPORT, "latest.md"), asMarkdown(report));
  console.log(`\nAlso in ${shortPath(REPORT)}.`);
}
