/**
 * The TLS clients that take turns at the cases. Each is a program that is given the case's kind, a port, a file with the authority
 * in PEM, warm-up and amount, and prints the CPU microseconds that its process (all threads, user and system) took for the amount.
 */

import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { CACHE, DIST, ROOT, TOOLS, WORK } from "../../scripts/lib/paths.js";
import { shortPath } from "../../scripts/lib/progress.js";
import { referenceMicroPython } from "../../scripts/lib/reference-micropython.js";
import { check } from "../../scripts/lib/run.js";
import { CASES, figure } from "./cases.js";

const file = (name) => join(ROOT, "benches/clients", name);

/** What the others are compared with. */
export const REFERENCE = "Node's tls";

/** MicroPython as it is elsewhere: the unix port with Mbed TLS. */
export const NATIVE = "MicroPython, native, Mbed TLS";
const NODE = "MicroPython in Node";
const WASI = "MicroPython in wasmtime";

const WASMTIME = join(TOOLS, "wasmtime");
const WASI_PROGRAM = join(DIST, "micropython.wasm");

/**
 * The MicroPythons that are there: commands that take a script or `-c`.
 *
 * @param {import("./bench.js").Bench} bench
 * @returns {Promise<Record<string, string[]>>} By subject.
 */
export async function interpreters(bench) {
  const all = { [NODE]: [process.execPath, join(ROOT, "web/node/cli.js")] };
  const wasi = await bench.optional(WASI, () => precompiled());
  if (wasi) all[WASI] = wasmtime("--allow-precompiled", wasi);
  const native = await bench.optional(NATIVE, () => referenceMicroPython(bench.note));
  if (native) all[NATIVE] = [native];
  return all;
}

/**
 * The same from its wasm, which wasmtime compiles at every start.
 *
 * @returns {Record<string, string[]>} Empty where it is not.
 */
export function uncompiled() {
  return existsSync(WASI_PROGRAM) && existsSync(WASMTIME) ? { [`${WASI}, not precompiled`]: wasmtime(WASI_PROGRAM) } : {};
}

async function precompiled() {
  if (!existsSync(WASI_PROGRAM) || !existsSync(WASMTIME)) throw new Error(`${shortPath(WASI_PROGRAM)} or wasmtime is not there`);
  const compiled = join(WORK, "bench", "micropython.cwasm");
  mkdirSync(dirname(compiled), { recursive: true });
  await check(WASMTIME, ["compile", WASI_PROGRAM, "-o", compiled]);
  return compiled;
}

function wasmtime(...program) {
  const network = ["-S", "inherit-network", "-S", "allow-ip-name-lookup"];
  // Programs find themselves, their authority, and the CPU time of their process.
  const folders = [ROOT, CACHE, "/proc/self/task"].flatMap((folder) => ["--dir", `${folder}::${folder}`]);
  return [WASMTIME, "run", ...network, ...folders, ...program];
}

/**
 * @typedef {object} Client
 * @property {string[]} command
 * @property {(name: string) => boolean} [can] Whether it can do a case; all of them by default.
 *
 * @param {import("./bench.js").Bench} bench
 * @returns {Promise<Record<string, Client>>} By subject.
 */
export async function clients(bench) {
  const program = file("micropython.py");
  const all = {
    [REFERENCE]: { command: [process.execPath, file("node.js")] },
    "Node's tls, into one buffer": { command: [process.execPath, file("node-onread.js")] },
    "engine, from JavaScript": { command: [process.execPath, file("engine.js")] },
  };
  for (const [subject, command] of Object.entries(await interpreters(bench))) all[subject] = { command: [...command, program] };
  if (all[NATIVE]) all[NATIVE].can = (name) => name.includes("tls12"); // MicroPython configures Mbed TLS without TLS 1.3
  return all;
}

/**
 * Measures cases of a kind.
 *
 * @param {import("./cases.js").Case["kind"]} kind
 * @param {import("./bench.js").Bench} bench
 * @param {string[]} rows Names of cases without the kind.
 * @returns {Promise<import("./groups.js").Samples>}
 */
export async function measureClients(kind, bench, rows) {
  const { ports, caFile } = await bench.server();
  const turns = Object.entries(await clients(bench)).map(([subject, { command: [program, ...args], can = () => true }]) => {
    const measure = async (row) => {
      const name = `${kind}.${row}`;
      if (!can(name)) return undefined;
      const { warmUp, amount } = CASES[name];
      return figure(CASES[name], Number(await bench.client(program, [...args, kind, ports[name], caFile, warmUp, amount])));
    };
    return [subject, measure];
  });
  return bench.takeTurns(rows, Object.fromEntries(turns));
}
