/** Where the time of a handshake goes: prints milliseconds of each of its parts. */

import { readFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { loadEngine } from "../../web/engine.js";
import { makeContext, open } from "../lib/engine-client.js";
import { OUTSIDE, PARTS, REST_OF_ENGINE } from "../lib/handshake-parts.js";

const WARM_UP = 100;
const COUNT = 200;
const SAMPLING = 100; // microseconds
const NOT_WORK = new Set(["(idle)", "(root)"]);

const [wasm, port, caFile] = process.argv.slice(2);
const engine = await loadEngine(readFileSync(wasm));
const context = makeContext(engine, readFileSync(caFile, "utf8"));
/** @param {number} count */
const handshakes = async (count) => {
  for (let i = 0; i < count; i++) (await open(engine, context, Number(port))).close();
};
await handshakes(WARM_UP);
const { profile, milliseconds } = await profiled(() => handshakes(COUNT));
console.log(JSON.stringify(share(profile, milliseconds / COUNT)));
process.exit();

/** V8's profile of some work, and the CPU time that it took. @param {() => Promise<void>} work */
async function profiled(work) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: SAMPLING });
  await session.post("Profiler.start");
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  const { profile } = await session.post("Profiler.stop");
  return { profile, milliseconds: (user + system) / 1000 };
}

/**
 * Shares out milliseconds of CPU to the parts, as the samples fell.
 *
 * @param {import("node:inspector").Profiler.Profile} profile
 * @param {number} milliseconds
 */
function share({ nodes, samples = [], timeDeltas = [] }, milliseconds) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  /** @type {Map<number, number>} */
  const parents = new Map();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  const total = Object.fromEntries(Object.keys(PARTS).map((part) => [part, 0]));
  let sum = 0;
  samples.forEach((sample, i) => {
    const callFrame = byId.get(sample)?.callFrame;
    if (!callFrame || NOT_WORK.has(callFrame.functionName)) return;
    let part;
    /** @type {number | undefined} */
    let id = sample;
    for (; id !== undefined && !part; id = parents.get(id)) part = named(byId.get(id)?.callFrame.functionName ?? "");
    part ??= callFrame.url.startsWith("wasm:") ? REST_OF_ENGINE : OUTSIDE;
    total[part] += timeDeltas[i];
    sum += timeDeltas[i];
  });
  return Object.fromEntries(Object.entries(total).map(([part, time]) => [part, (time / sum) * milliseconds]));
}

/** @param {string} functionName */
function named(functionName) {
  return Object.keys(PARTS).find((part) => PARTS[part]?.test(functionName));
}
