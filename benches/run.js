/**
 * `npm run bench`: what our TLS costs beside Node's native tls, against one local server. Every figure is the CPU time of the
 * whole client process, from several rounds in which the clients take turns; what is shown is the median.
 *
 *     npm run bench -- [--rounds N] [--only bulk.chacha20,…]
 */

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { build, measure } from "../scripts/build.js";
import { ROOT, WORK } from "../scripts/lib/paths.js";
import { Problem, runMain, shortPath, step } from "../scripts/lib/progress.js";
import { check, endWithUs } from "../scripts/lib/run.js";
import { setUp } from "../scripts/setup.js";
import { CASES, REFERENCE, SUBJECTS, figure } from "./lib/cases.js";
import { median, round, table } from "./lib/table.js";

const CLIENT_LIMIT = 300; // seconds
const STARTS = 5;
const REPORT = join(ROOT, "benches", "report", "latest.json");
const CA_FILE = join(WORK, "bench", "ca.pem");

await runMain(async () => {
  const { rounds, only } = options();
  await setUp();
  const wasm = await build();
  const server = await startServer();
  const samples = await step(`Clients take turns, ${rounds} rounds`, ({ note }) => measureClients(only, rounds, server.ports, note));
  const figures = mapValues(samples, (bySubject) => mapValues(bySubject, median));
  const report = {
    date: new Date().toISOString(),
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, system: `${platform()} ${release()} ${arch()}`, node: process.version },
    rounds,
    units: { handshake: "ms of CPU each", bulk: "MB per CPU second" },
    figures,
    ratios: ratios(figures),
    samples,
    size: measure(wasm),
    memoryPerIdleConnection: await step("Memory of idle connections", () => idleMemory(server.ports)),
    startUp: await step("Start-up", () => startUp(server.ports)),
  };
  server.stop();
  mkdirSync(join(ROOT, "benches", "report"), { recursive: true });
  writeFileSync(REPORT, `${JSON.stringify(report, null, 2)}\n`);
  show(report);
});

function options() {
  const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" }, only: { type: "string" } } });
  const only = values.only?.split(",") ?? Object.keys(CASES);
  const unknown = only.filter((name) => !CASES[name]);
  if (unknown.length) throw new Problem(`No case ${unknown.join(", ")}; there are: ${Object.keys(CASES).join(", ")}.`);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Problem(`--rounds takes a number, not ${values.rounds}.`);
  return { rounds, only };
}

/** @returns {Promise<{ports: Record<string, number>, stop: () => void}>} */
async function startServer() {
  const child = spawn(process.execPath, [join(ROOT, "benches/lib/server.js")], { stdio: ["pipe", "pipe", "inherit"], detached: true });
  endWithUs(child.pid);
  for await (const line of createInterface({ input: child.stdout })) {
    const { ports, ca } = JSON.parse(line);
    mkdirSync(join(WORK, "bench"), { recursive: true });
    writeFileSync(CA_FILE, ca);
    return { ports, stop: () => child.kill() };
  }
  throw new Error("the bench's server did not start");
}

/** @returns {Promise<Record<string, Record<string, number[]>>>} Figures of all rounds by case and subject. */
async function measureClients(only, rounds, ports, note) {
  const samples = Object.fromEntries(only.map((name) => [name, mapValues(SUBJECTS, () => [])]));
  for (let turn = 0; turn < rounds; turn++) {
    for (const name of only) {
      const { kind, warmUp, amount } = CASES[name];
      for (const [subject, [program, ...args]] of Object.entries(SUBJECTS)) {
        note(`round ${turn + 1}: ${name}, ${subject}`);
        const output = await client(program, [...args, kind, ports[name], CA_FILE, warmUp, amount]);
        samples[name][subject].push(figure(CASES[name], Number(output)));
      }
    }
  }
  return samples;
}

/** Our figures over the reference's: below 1 is cheaper for handshakes, above 1 is faster for downloads. */
function ratios(figures) {
  const pairs = Object.entries(figures).flatMap(([name, bySubject]) =>
    Object.keys(bySubject)
      .filter((subject) => subject !== REFERENCE)
      .map((subject) => [`${name}.${subject}`, round(bySubject[subject] / bySubject[REFERENCE], 3)]),
  );
  return Object.fromEntries(pairs);
}

/** Bytes of the engine's memory that one takes. */
async function idleMemory(ports) {
  return Number(await client(process.execPath, [join(ROOT, "benches/clients/idle.js"), ports["handshake.tls13.ecdsa"], CA_FILE]));
}

/** Milliseconds of wall-clock time: the engine's way to its first handshake, and an empty program in the runner. */
async function startUp(ports) {
  const engine = [];
  const runner = [];
  for (let i = 0; i < STARTS; i++) {
    const args = [join(ROOT, "benches/clients/startup.js"), ports["handshake.tls13.ecdsa"], CA_FILE];
    engine.push(JSON.parse(await client(process.execPath, args)));
    const begin = performance.now();
    await check(process.execPath, [join(ROOT, "web/node/cli.js"), "-c", "import ssl"], { timeout: CLIENT_LIMIT });
    runner.push(performance.now() - begin);
  }
  const part = (name) => median(engine.map((times) => times[name]));
  return { compile: part("compile"), ready: part("ready"), firstHandshake: part("firstHandshake"), runner: median(runner) };
}

async function client(program, args) {
  const output = await check(program, args.map(String), { cwd: ROOT, timeout: CLIENT_LIMIT });
  return output.trim().split("\n").pop();
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

function show({ figures, ratios, size, memoryPerIdleConnection, startUp: start, machine, units }) {
  const subjects = Object.keys(SUBJECTS);
  const rows = Object.entries(figures).map(([name, bySubject]) => [
    name,
    units[CASES[name].kind],
    ...subjects.map((subject) => {
      const ratio = ratios[`${name}.${subject}`];
      return `${round(bySubject[subject], 2)}${ratio === undefined ? "" : ` (${ratio.toFixed(2)}x)`}`;
    }),
  ]);
  console.log(`\n${table(["", "", ...subjects], rows)}`);
  console.log(`\nsize of the engine     ${Math.round(size.raw / 1000)} KB, ${Math.round(size.brotli / 1000)} KB brotli`);
  console.log(`idle connection        ${(memoryPerIdleConnection / 1024).toFixed(1)} KiB of the engine's memory`);
  console.log(
    `start-up               ${round(start.ready, 1)} ms after ${round(start.compile, 1)} ms of compiling, ` +
      `first handshake ${round(start.firstHandshake, 1)} ms; the runner with ssl ${Math.round(start.runner)} ms`,
  );
  console.log(`\n${machine.cpu}, Node ${machine.node}. Also in ${shortPath(REPORT)}.`);
}
