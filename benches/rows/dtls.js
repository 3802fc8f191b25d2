/**
 * DTLS servers, by the CPU time that their processes take for what one and the same client of ours
 * asks of them; and what ours keep for clients that have not shown their cookie.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createSocket } from "node:dgram";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, WORK } from "../../scripts/lib/paths.js";
import { endWithUs, which } from "../../scripts/lib/run.js";
import { cast } from "../../tests/support/pki.js";
import { loadEngine } from "../../web/engine.js";
import { interpreters } from "../lib/interpreters.js";
import { DtlsClient, makeDtlsContext } from "../lib/dtls-client.js";
import { bytesPerHalfOpenClient } from "../lib/half-open.js";

/**
 * @typedef {{warmUp: number, amount: number, work: (client: DtlsClient, count: number) =>
 *   Promise<void>}} Work
 */

const OPENSSL = "openssl s_server";
const HANDSHAKES = "handshakes";
const DATAGRAMS = "datagrams of 1000 B, answered";
const HALF_OPEN = "client without cookie";
/** @type {import("../lib/groups.js").Row} */
const PER_SECOND = { unit: "per CPU second", better: "higher" };

/** @type {Record<string, Work>} */
const WORKS = {
  [HANDSHAKES]: { warmUp: 20, amount: 60, work: handshakes },
  [DATAGRAMS]: { warmUp: 200, amount: 1000, work: datagrams },
};

/** @type {import("../lib/groups.js").Group} */
export default {
  title: "DTLS servers",
  rows: { [HANDSHAKES]: PER_SECOND, [DATAGRAMS]: PER_SECOND, [HALF_OPEN]: { unit: "bytes kept", better: "lower" } },
  reference: OPENSSL,
  async measure(bench, rows) {
    /** @type {import("../lib/groups.js").Samples} */
    const samples = {};
    const served = rows.filter((row) => row in WORKS);
    if (served.length && existsSync("/proc/self/task")) Object.assign(samples, await bench.takeTurns(served, await subjects(bench)));
    else if (served.length) bench.skip("DTLS servers", "their CPU time is told by Linux only");
    if (rows.includes(HALF_OPEN)) samples[HALF_OPEN] = { "engine, from JavaScript": [await bytesPerHalfOpenClient(await loadEngine())] };
    return samples;
  },
};

/** @param {import("../lib/bench.js").Bench} bench */
async function subjects(bench) {
  const { ca, server } = cast();
  const folder = join(WORK, "bench");
  mkdirSync(folder, { recursive: true });
  const engine = await loadEngine();
  const context = makeDtlsContext(engine, ca.pem);
  const [chain, key] = ["dtls-chain.pem", "dtls-key.pem"].map((name) => join(folder, name));
  writeFileSync(chain, server.chainPem);
  writeFileSync(key, server.keyPem);
  /** @type {Record<string, string[]>} */
  const commands = {};
  if (which("openssl")) commands[OPENSSL] = ["openssl", "s_server", "-dtls1_2", "-listen", "-quiet", "-cert", chain, "-key", key, "-accept"];
  else bench.skip(OPENSSL, "is not installed");
  const program = [join(ROOT, "examples/dtls_server.py"), chain, key];
  for (const [subject, command] of Object.entries(await interpreters(bench))) commands[subject] = [...command, ...program];

  /** @param {string[]} command @returns {(row: string) => Promise<number>} */
  const measure = (command) => async (row) => {
    const { warmUp, amount, work } = WORKS[row];
    const port = await freePort();
    const server = await start(command, port);
    const client = new DtlsClient(engine, context);
    try {
      await client.start(port);
      await work(client, warmUp);
      const before = cpuSeconds(Number(server.pid));
      await work(client, amount);
      return amount / (cpuSeconds(Number(server.pid)) - before);
    } finally {
      client.stop();
      server.kill();
    }
  };
  return Object.fromEntries(Object.entries(commands).map(([subject, command]) => [subject, measure(command)]));
}

/** @param {DtlsClient} client @param {number} count */
async function handshakes(client, count) {
  for (let i = 0; i < count; i++) {
    await client.handshake();
    client.end();
  }
}

/** @param {DtlsClient} client @param {number} count */
async function datagrams(client, count) {
  const message = Buffer.alloc(1000, "x");
  await client.handshake();
  for (let i = 0; i < count; i++) await client.ask(message);
  client.end();
}

/**
 * A server in a process of its own. OpenSSL's writes what it gets, which is given back to it.
 *
 * @param {string[]} command
 * @param {number} port
 */
async function start([program, ...args], port) {
  const child = spawn(program, [...args, String(port)], { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"], detached: true });
  endWithUs(child.pid);
  if (program === "openssl") {
    child.stdout.pipe(child.stdin);
    await once(child, "spawn");
  } else {
    const listening = await Promise.race([once(child.stdout, "data").then(() => true), once(child, "exit").then(() => false)]);
    if (!listening) throw new Error(`${program} ended before it served`);
    child.stdout.resume();
  }
  return child;
}

/** CPU time of a process, of all its threads that live. @param {number} pid */
function cpuSeconds(pid) {
  const folder = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(folder).map((task) => Number(readFileSync(`${folder}/${task}/schedstat`, "utf8").split(" ")[0]));
  return nanoseconds.reduce((sum, one) => sum + one) / 1e9;
}

async function freePort() {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}
