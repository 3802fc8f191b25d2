/**
 * Whether the time that the AEAD cores take tells anything about key and message: `node benches/timing.js [measurements]`.
 *
 * After Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?": seals a message of 1024 bytes with a key, both
 * either always the same or new each time, and compares the two samples by Welch's t-test. Slow measurements are left out, as
 * they say more about the machine. A |t| above 4.5 is worth a look, one above 10 shows a difference. The last line is of code
 * that leaks on purpose, to show what the test can find.
 *
 * It is no proof: the proof that a test can give is that of `tests/node/crypto-cores.test.js`.
 */

import { readFileSync } from "node:fs";
import { Cores, buildCores } from "../tests/support/crypto-cores.js";
import { table } from "./lib/table.js";

const LENGTH = 1024;
const WARM_UP = 20_000;
const KEPT = [0.5, 0.9, 0.99]; // parts of the measurements, the fastest ones
const FIXED_SEED = 1;

const measurements = Number(process.argv[2] ?? 100_000);
if (!Number.isInteger(measurements) || measurements < 1000) throw new Error("the number of measurements has to be 1000 or more");

const cores = new Cores(new WebAssembly.Module(readFileSync(await buildCores("simd128"))));
const cases = cores.algorithms.map((name, algorithm) => ({ name, algorithm, work: cores.exports.seal }));
cases.push({ name: "a leak, for comparison", algorithm: 0, work: cores.exports.leak });
const rows = cases.map(({ name, algorithm, work }) => {
  const times = measure(algorithm, work);
  return [name, ...KEPT.map((part) => Math.abs(welch(...fastest(times, part))).toFixed(1))];
});
console.log(`|t| of ${measurements} measurements, Node ${process.version}`);
console.log(table(["cipher", ...KEPT.map((part) => `fastest ${part * 100} %`)], rows));

/** Times of the two classes: the same key and message, and new ones. */
function measure(algorithm, work) {
  const times = [[], []];
  for (let i = -WARM_UP; i < measurements; i++) {
    const fresh = Math.random() < 0.5;
    cores.exports.prepare(algorithm, false, LENGTH, fresh ? Math.random() * 2 ** 32 : FIXED_SEED);
    work(1); // so that both find caches and branch predictors in the state that their own data leave
    const begin = process.hrtime.bigint();
    work(1);
    const time = Number(process.hrtime.bigint() - begin);
    if (i >= 0) times[Number(fresh)].push(time);
  }
  return times;
}

/** Both samples without the times above a common limit, below which is that part of all. */
function fastest(samples, part) {
  const all = samples.flat().sort((a, b) => a - b);
  const limit = all[Math.floor(part * (all.length - 1))];
  return samples.map((sample) => sample.filter((time) => time <= limit));
}

function welch(a, b) {
  const [first, second] = [a, b].map((sample) => {
    const mean = sample.reduce((sum, x) => sum + x, 0) / sample.length;
    const variance = sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (sample.length - 1);
    return { mean, error: variance / sample.length };
  });
  return (first.mean - second.mean) / Math.sqrt(first.error + second.error);
}
