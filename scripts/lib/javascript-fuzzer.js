/**
 * Fuzzes JavaScript as libFuzzer fuzzes Rust: `node javascript-fuzzer.js TARGET SECONDS FOUND
 * CORPUS`. What reaches a block of our code that nothing has reached is kept in FOUND; what throws
 * lies beside that folder, and ends it.
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { stackOf } from "../../web/net/errno.js";
import { ROOT } from "./paths.js";

const LONGEST_INPUT = 512; // bytes
/** Inputs that are tried between two looks at the coverage. A look takes longer than an input. */
const BATCH = 64;
const OURS = /\/(relay|web)\//;

const [target, seconds, found, ...folders] = process.argv.slice(2);
const { run } = await import(pathToFileURL(join(ROOT, "fuzz/javascript", `${target}.js`)).href);

const inspector = new Session();
inspector.connect();
/** @type {Set<string>} */
const reached = new Set();
/** @type {Uint8Array[]} */
const corpus = [Uint8Array.of(0)];
let runs = 0;

inspector.post("Profiler.enable");
inspector.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
for (const folder of [found, ...folders].filter((folder) => existsSync(folder))) {
  for (const name of readdirSync(folder)) {
    const input = readFileSync(join(folder, name));
    corpus.push(input);
    await attempt(input);
  }
}
look();
console.log(`${corpus.length} inputs of the corpus, ${reached.size} blocks`);

const end = Date.now() + Number(seconds) * 1000;
while (Date.now() < end) {
  const batch = Array.from({ length: BATCH }, mutant);
  for (const input of batch) await attempt(input);
  // Which of them it was, is found by trying them one by one.
  if (look(false)) for (const input of batch) if (await reaches(input)) keep(input);
}
console.log(`Done ${runs} runs, ${reached.size} blocks, ${corpus.length} inputs`);

/** @param {Uint8Array} input */
async function attempt(input) {
  runs++;
  try {
    await run(input);
  } catch (error) {
    const path = `${found}-crash-${nameOf(input)}`;
    writeFileSync(path, input);
    console.log(`${stackOf(error)}\nThe input is in ${path}.`);
    process.exit(1);
  }
}

/** Whether there is something new to be reached by this input. @param {Uint8Array} input */
async function reaches(input) {
  await attempt(input);
  return look();
}

/** Whether a block was reached that was not before. @param {boolean} [remember] */
function look(remember = true) {
  let isNew = false;
  inspector.post("Profiler.takePreciseCoverage", (error, { result }) => {
    if (error) throw error;
    for (const { url, functions } of result) {
      if (!OURS.test(url)) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          const block = `${url} ${startOffset} ${endOffset}`;
          if (count === 0 || reached.has(block)) continue;
          isNew = true;
          if (remember) reached.add(block);
        }
      }
    }
  });
  return isNew;
}

/** @param {Uint8Array} input */
function keep(input) {
  corpus.push(input);
  writeFileSync(join(found, nameOf(input)), input);
}

function mutant() {
  let bytes = [...pick(corpus)];
  for (let change = 0; change <= random(4); change++) {
    const at = random(bytes.length + 1);
    const other = () => [...pick(corpus)];
    const changes = [
      () => (bytes[at] ^= 1 << random(8)),
      () => (bytes[at] = random(256)),
      () => bytes.splice(at, 0, random(256)),
      () => bytes.splice(at, 1 + random(4)),
      () => bytes.splice(at, 0, ...bytes.slice(random(bytes.length + 1), random(bytes.length + 1))),
      () => (bytes = [...bytes.slice(0, at), ...other().slice(random(16))]),
      () => bytes.push(...other()),
    ];
    pick(changes)();
  }
  return Uint8Array.from(bytes.slice(0, LONGEST_INPUT));
}

/** @template T @param {T[]} list */
function pick(list) {
  return list[random(list.length)];
}

/** @param {number} limit */
function random(limit) {
  return Math.floor(Math.random() * limit);
}

/** @param {Uint8Array} input */
function nameOf(input) {
  return createHash("sha1").update(input).digest("hex");
}
