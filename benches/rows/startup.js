/** How long it takes until something can be done, in wall-clock time. */

import { join } from "node:path";
import { ROOT } from "../../scripts/lib/paths.js";
import { NATIVE, interpretersAndCompiling } from "../lib/interpreters.js";

/** @import { Bench } from "../lib/bench.js" */

const ENGINE = { compile: "compile", ready: "ready", "first handshake": "firstHandshake" };
const PROGRAM = "program with socket, asyncio";
/** Key shares that were made ahead do not count: any network takes longer to open a connection. */
const CONNECTED = "program's first handshake, once connected";
/** @type {import("../lib/groups.js").Row} */
const MILLISECONDS = { unit: "ms", better: "lower" };

/** @type {import("../lib/groups.js").Group} */
export default {
  title: "Start-up",
  rows: Object.fromEntries([...Object.keys(ENGINE), CONNECTED, PROGRAM].map((row) => [row, MILLISECONDS])),
  async measure(bench) {
    const commands = Object.entries(await interpretersAndCompiling(bench));
    return { ...(await engine(bench)), ...(await firstHandshakes(bench, commands)), ...(await programs(bench, commands)) };
  },
};

/**
 * From the engine's bytes to its first handshake, in a process of its own each time.
 *
 * @param {Bench} bench
 */
async function engine(bench) {
  const { ports, caFile } = await bench.server();
  /** @type {import("../lib/groups.js").Samples} */
  const samples = Object.fromEntries(Object.keys(ENGINE).map((row) => [row, { "engine, from JavaScript": [] }]));
  for (let turn = 0; turn < bench.rounds; turn++) {
    const args = [join(ROOT, "benches/clients/startup.js"), ports["handshake.tls13.ecdsa"], caFile];
    const times = JSON.parse(await bench.client(process.execPath, args));
    for (const [row, name] of Object.entries(ENGINE)) samples[row]["engine, from JavaScript"].push(times[name]);
  }
  return samples;
}

/**
 * Of programs, by their own clock; those that know TLS 1.3.
 *
 * @param {Bench} bench
 * @param {[string, string[]][]} commands
 */
async function firstHandshakes(bench, commands) {
  const { ports, caFile } = await bench.server();
  const args = [join(ROOT, "benches/clients/micropython.py"), "first handshake", ports["handshake.tls13.ecdsa"], caFile, 0, 0];
  /** @param {string[]} command */
  const timed = ([program, ...more]) => async () => Number(await bench.client(program, [...more, ...args])) / 1000;
  const able = commands.filter(([subject]) => subject !== NATIVE);
  return bench.takeTurns([CONNECTED], Object.fromEntries(able.map(([subject, command]) => [subject, timed(command)])));
}

/**
 * A program of two imports, from the command line to its end.
 *
 * @param {Bench} bench
 * @param {[string, string[]][]} commands
 */
async function programs(bench, commands) {
  /** @param {string[]} command */
  const timed = ([program, ...args]) => async () => {
    const begin = performance.now();
    await bench.client(program, [...args, "-c", "import socket, asyncio"]);
    return performance.now() - begin;
  };
  return bench.takeTurns([PROGRAM], Object.fromEntries(commands.map(([subject, command]) => [subject, timed(command)])));
}
