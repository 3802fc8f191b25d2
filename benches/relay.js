/**
 * What the relay costs in Node and under workerd: `node benches/relay.js`. CPU time of the relay's
 * process alone, in milliseconds, since sender, relay and reader share the machine; the runtimes
 * take turns, and the best round counts.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";
import { start } from "../tests/support/programs.js";
import { echoServer, floodServer, tcpServer } from "../tests/support/tcp_servers.js";
import { workerRelay } from "../tests/support/workerd.js";
import { wisp } from "../web/transports/index.js";
import { table } from "./lib/table.js";

/** @typedef {import("../web/transports/transport.js").Transport} Transport */

const CLI = fileURLToPath(new URL("../web/node/cli.js", import.meta.url));
const HOST = "127.0.0.1";
const SIZE = 128 * 1024 * 1024;
const CONNECTIONS = 200;
const ROUNDS = 5;
const TICK_MS = 10; // of the times in /proc

const ROWS = {
  "download, ms a GB": download,
  "upload, ms a GB": upload,
  "connection with one byte each way, ms": connections,
};

const relays = { Node: await nodeRelay(), workerd: await workerRelay({ ALLOW: `${HOST}:*` }) };
/** @type {Record<string, Record<string, number>>} */
const best = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const [runtime, { address, child }] of Object.entries(relays)) {
    const transport = wisp({ url: address, WebSocket });
    for (const [row, measure] of Object.entries(ROWS)) {
      const cost = await measure(transport, () => cpuTime(Number(child.pid)));
      best[row] = { ...best[row], [runtime]: Math.min(cost, best[row]?.[runtime] ?? Infinity) };
    }
    transport.close();
  }
}
const figures = Object.entries(best).map(([row, { Node, workerd }]) => [row, shown(Node), shown(workerd), `${(workerd / Node).toFixed(1)}x`]);
console.log(table(["CPU of the relay", "Node", "workerd", "x"], figures));
await Promise.all(Object.values(relays).map((relay) => relay.stop()));
process.exit();

/** @param {Transport} transport @param {() => number} cpu */
async function download(transport, cpu) {
  const flood = await floodServer(SIZE);
  const connection = await transport.connect({ host: HOST, port: flood.port });
  const before = cpu();
  let received = 0;
  for (let bytes; (bytes = await connection.read()) !== null; ) received += bytes.length;
  if (received !== SIZE) throw new Error(`${received} bytes of ${SIZE} came`);
  await flood.close();
  return ((cpu() - before) / SIZE) * 1e9;
}

/** @param {Transport} transport @param {() => number} cpu */
async function upload(transport, cpu) {
  let received = 0;
  /** @type {() => void} */
  let done;
  /** @type {Promise<void>} */
  const all = new Promise((resolve) => (done = resolve));
  const sink = await tcpServer((socket) => socket.on("data", (bytes) => (received += bytes.length) === SIZE && done()));
  const connection = await transport.connect({ host: HOST, port: sink.port });
  const before = cpu();
  await connection.write(new Uint8Array(SIZE));
  await all;
  const cost = ((cpu() - before) / SIZE) * 1e9;
  connection.close();
  await sink.close();
  return cost;
}

/** @param {Transport} transport @param {() => number} cpu */
async function connections(transport, cpu) {
  const echo = await echoServer();
  const before = cpu();
  for (let i = 0; i < CONNECTIONS; i++) {
    const connection = await transport.connect({ host: HOST, port: echo.port });
    await connection.write(new Uint8Array(1));
    await connection.read();
    connection.close();
  }
  await echo.close();
  return (cpu() - before) / CONNECTIONS;
}

async function nodeRelay() {
  const args = ["serve", "--relay-only", "--port", "0", "--quiet", "--allow", `${HOST}:*`, "--connects-per-minute", "1000000"];
  const program = await start(process.execPath, [CLI, ...args], { ready: /Relay at .*\n/ });
  return { ...program, address: /Relay at (\S+)/.exec(program.output())?.[1] ?? "" };
}

/** @param {number} milliseconds */
function shown(milliseconds) {
  return milliseconds.toFixed(milliseconds < 10 ? 2 : 0);
}

/** Milliseconds that a process has computed. @param {number} pid */
function cpuTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
