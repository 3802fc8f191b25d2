/** How long it takes until something can be done, in wall-clock time. */

import { join } from "node:path";
import { ROOT } from "../../scripts/lib/paths.js";
import { interpretersAndCompiling } from "../lib/interpreters.js";

const ENGINE = { compile: "compile", ready: "ready", "first handshake": "firstHandshake" };
const PROGRAM = "program with socket, asyncio";
const MILLISECONDS = { unit: "ms", better: "lower" };

export default {
  title: "Start-up",
  rows: Object.fromEntries([...Object.keys(ENGINE), PROGRAM].map((row) => [row, MILLISECONDS])),
  async measure(bench) {
    return { ...(await engine(bench)), ...(await programs(bench)) };
  },
};

/** From the engine's bytes to its first handshake, in a process of its own each time. */
async function engine(bench) {
  const { ports, caFile } = await bench.server();
  const samples = Object.fromEntries(Object.keys(ENGINE).map((row) => [row, { "engine, from JavaScript": [] }]));
  for (let turn = 0; turn < bench.rounds; turn++) {
    const args = [join(ROOT, "benches/clients/startup.js"), ports["handshake.tls13.ecdsa"], caFile];
    const times = JSON.parse(await bench.client(process.execPath, args));
    for (const [row, name] of Object.entries(ENGINE)) samples[row]["engine, from JavaScript"].push(times[name]);
  }
  return samples;
}

/** A program of two imports, from the command line to its end. */
async function programs(bench) {
  const timed = ([program, ...args]) => async () => {
    const begin = performance.now();
    await bench.client(program, [...args, "-c", "import socket, asyncio"]);
    return performance.now() - begin;
  };
  const commands = Object.entries(await interpretersAndCompiling(bench));
  return bench.takeTurns([PROGRAM], Object.fromEntries(commands.map(([subject, command]) => [subject, timed(command)])));
}
