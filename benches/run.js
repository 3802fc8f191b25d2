/**
 * `npm run bench`: what our TLS costs beside Node's native tls and others, against one local
 * server, in several rounds in which the subjects take turns; what is shown is the median. A run of
 * everything is kept in benches/report, and in the README.
 *
 *     npm run bench -- [--rounds N] [--only bulk.chacha20,handshake,…] [--peers]
 *
 * With --peers other projects' TLS for pages is fetched and measured too.
 */

import { parseArgs } from "node:util";
import { build } from "../scripts/build.js";
import { Problem, runMain, step } from "../scripts/lib/progress.js";
import { setUp } from "../scripts/setup.js";
import { Bench } from "./lib/bench.js";
import { choose, loadGroups } from "./lib/groups.js";
import { publish } from "./lib/publish.js";
import { asText, summarise, thisMachine } from "./lib/report.js";

await runMain(async () => {
  const { rounds, only, peers } = options();
  await setUp({ wasi: true });
  await build();
  const all = await loadGroups();
  const bench = new Bench({ rounds, peers });
  let files;
  /** @type {import("./lib/report.js").Report} */
  const report = { date: new Date().toISOString(), machine: thisMachine(), rounds, groups: {}, skipped: bench.skipped };
  for (const [name, rows] of Object.entries(choose(all, only))) {
    await step(all[name].title, async ({ note, result }) => {
      bench.note = note;
      const samples = await bench.optional(all[name].title, () => all[name].measure(bench, rows));
      if (samples) report.groups[name] = summarise(all[name], rows, samples);
      else result("failed");
    });
    if (!only) files = publish(report); // after each group: a run takes long, and may be broken off
  }
  await bench.stop();
  console.log(`\n${asText(report)}`);
  if (files) console.log(`\nAlso in ${files.join(", ")}.`);
});

function options() {
  const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" }, only: { type: "string" }, peers: { type: "boolean" } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Problem(`--rounds takes a number, not ${values.rounds}.`);
  return { rounds, only: values.only?.split(","), peers: values.peers };
}
