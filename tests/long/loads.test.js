/**
 * Loads that go on for long, in every runtime: `npm run test:long`. After the first tenth of a load
 * neither memory nor descriptors grow. LONG_SCALE=0.01 is a hundredth of them; only whole ones are
 * written to benches/report/loads.json and docs/performance.md.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { cast } from "../support/pki.js";
import { freePort } from "../support/programs.js";
import { Figures, keep } from "./figures.js";
import { LOADS, countOf, programOf } from "./loads.js";
import { peer } from "./peer.js";
import { RUNTIMES } from "./runtimes.js";

const SCALE = Number(process.env.LONG_SCALE ?? 1);
const MOST_GROWTH = 5; // MiB
const MOST_DESCRIPTORS = 4;

const { ca, server: certificate } = cast();
const files = { "ca.pem": ca.pem, "chain.pem": certificate.chainPem, "key.pem": certificate.keyPem };

for (const [name, runtime] of Object.entries(RUNTIMES)) {
  for (const [key, load] of Object.entries(LOADS)) {
    if (runtime.loads && !runtime.loads.includes(key)) continue;
    test(`${name}: ${load.title}`, { skip: runtime.missing }, async (t) => {
      const figures = await carry(t, load, runtime);
      t.diagnostic(JSON.stringify(figures));
      if (SCALE === 1) keep(load.title, name, figures);
      const [early, late] = figures.descriptors;
      if (runtime.grows) return t.skip(runtime.grows);
      assert.ok(figures.growth < MOST_GROWTH, `memory grew from ${figures.memory.join(" to ")} MiB`);
      if (late !== undefined) assert.ok(late <= early + MOST_DESCRIPTORS, `${early} descriptors were open, and ${late} in the end`);
    });
  }
}

/**
 * Runs it to its end; what memory it took.
 *
 * @param {import("node:test").TestContext} t
 * @param {import("./loads.js").Load} load
 * @param {import("./runtimes.js").Runtime} runtime
 */
async function carry(t, load, runtime) {
  const server = await peer(certificate);
  t.after(server.stop);
  const count = countOf(load, SCALE);
  const port = load.listens ? await freePort() : server.port;
  const visited = load.visit !== undefined && !runtime.alone;
  const settings = { PORT: port, OWN: await freePort(), COUNT: count, ALONE: !visited };
  const running = await runtime.start(t, { source: programOf(load, settings), files, heap: load.heap });
  const figures = new Figures(running);
  let visits = Promise.resolve();
  const { code, errors } = await running.end((line) => {
    const [, percent, heap] = /^at (\d+) (\d+)$/.exec(line) ?? [];
    if (percent) figures.look(Number(percent), Number(heap));
    if (line === "listening" && visited) visits = load.visit?.(port, count, ca.pem) ?? visits;
  });
  assert.equal(errors, "");
  assert.equal(code, 0);
  await visits;
  return figures.result();
}
