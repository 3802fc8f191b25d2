/**
 * Load on a relay in a process of its own: many streams, clients that read slowly or not at all,
 * clients that vanish.
 */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CLOSE, TCP, connectPacket, dataPacket } from "../../web/transports/wisp_packets.js";
import { start } from "./programs.js";
import { rawWisp } from "./raw_wisp.js";
import { echoServer, floodServer } from "./tcp_servers.js";
import { bytesOf, eventually, sleep } from "./transports.js";

const CLI = fileURLToPath(new URL("../../web/node/cli.js", import.meta.url));
const MIB = 1024 * 1024;
/**
 * What Node itself needs to begin with and for its sockets, besides the bytes that the relay
 * counts.
 */
const BESIDES = 160 * MIB;
const PER_SOCKET = 128 * 1024;

/**
 * @param {object} size
 * @param {number} size.clients Half of them read, half do not.
 * @param {number} size.streams Of each client.
 * @param {number} size.memory MiB that may wait in the relay.
 * @param {number} size.rounds
 * @returns {Promise<{streams: number, waiting: number, grown: number}>} Streams at once, most MiB
 *   that waited and that the process grew.
 */
export async function loadRelay({ clients, streams, memory, rounds }) {
  const many = ["clients", "clients-per-address"].flatMap((name) => [`--${name}`, String(clients)]);
  const often = ["clients-per-minute", "connects-per-minute"].flatMap((name) => [`--${name}`, "1000000"]);
  const args = ["serve", "--relay-only", "--port", "0", "--metrics", "--quiet", "--allow", "127.0.0.1:*", "--memory", String(memory), "--connections", String(streams)];
  const program = await start(process.execPath, [CLI, ...args, ...many, ...often], { ready: /Relay at .*\n/ });
  const relay = new Watched(program);
  const echo = await echoServer();
  const flood = await floodServer(Infinity);
  const result = { streams: 0, waiting: 0, grown: 0 };
  try {
    const before = relay.now();
    for (let round = 0; round < rounds; round++) {
      const readers = await Promise.all(Array.from({ length: clients / 2 }, () => open(relay.address, streams, echo.port)));
      const sleepers = await Promise.all(Array.from({ length: clients / 2 }, () => asleep(relay.address, streams, flood.port)));
      await eventually(async () => (await relay.gauge("connections_total{kind=\"tcp\"}", 0)) === (round + 1) * clients * streams, "all streams stand", 30_000);
      assert.equal(await relay.gauge("connections"), clients * streams);
      await sleep(500);
      const waiting = await relay.gauge("waiting_bytes");
      assert.ok(waiting <= memory * MIB + clients * 512 * 1024, `${waiting} bytes wait in a relay that may keep ${memory} MiB`);
      const grown = relay.now().memory - before.memory;
      assert.ok(grown <= memory * MIB + BESIDES + clients * streams * PER_SOCKET, `the process grew by ${grown / MIB} MiB`);
      // Readers are served while others are not read, and while others vanish.
      const served = readers.map((client) => talks(client, streams));
      for (const client of sleepers) client.socket.terminate();
      await Promise.all(served);
      for (const [i, client] of readers.entries()) if (i % 2 === 0) client.socket.terminate();
      else client.socket.close();
      await eventually(async () => (await relay.gauge("clients")) === 0 && (await relay.gauge("connections")) === 0, "all that vanished is gone", 30_000);
      assert.equal(await relay.gauge("waiting_bytes"), 0);
      await eventually(() => relay.now().descriptors <= before.descriptors + 4, "all descriptors are closed", 30_000);
      result.streams = clients * streams;
      result.waiting = Math.max(result.waiting, Math.round(waiting / MIB));
      result.grown = Math.max(result.grown, Math.round(grown / MIB));
    }
    assert.equal(await relay.gauge("errors_total", 0), 0);
  } finally {
    await Promise.all([program.stop(), echo.close(), flood.close()]);
  }
  return result;
}

/**
 * A client with open streams.
 *
 * @param {string} address
 * @param {number} streams
 * @param {number} port
 */
async function open(address, streams, port) {
  const client = await rawWisp(address);
  const answers = Array.from({ length: streams }, (_, i) => client.connect(i + 1, port));
  for (const { type } of await Promise.all(answers)) assert.notEqual(type, CLOSE);
  return client;
}

/**
 * A client that asks for streams and reads nothing of them.
 *
 * @param {string} address
 * @param {number} streams
 * @param {number} port
 */
async function asleep(address, streams, port) {
  const client = await rawWisp(address);
  client.socket.pause();
  for (let id = 1; id <= streams; id++) client.send(connectPacket(id, TCP, "127.0.0.1", port));
  return client;
}

/** @param {Awaited<ReturnType<typeof rawWisp>>} client @param {number} streams */
async function talks(client, streams) {
  for (let id = 1; id <= streams; id++) client.send(dataPacket(id, bytesOf(`hello ${id}`)));
  for (let id = 1; id <= streams; id++) await eventually(() => client.text(id) === `hello ${id}`, `the answer on stream ${id}`, 30_000);
}

/** A relay seen from outside. */
class Watched {
  /** @param {import("./programs.js").Program} program */
  constructor({ child, output }) {
    this.pid = child.pid;
    this.address = /Relay at (\S+)/.exec(output())?.[1] ?? "";
    this.metrics = new URL("/metrics", this.address.replace("ws", "http"));
  }

  /**
   * @param {string} name
   * @param {number} [otherwise] For one that is not there.
   * @returns {Promise<number>}
   */
  async gauge(name, otherwise) {
    const match = (await (await fetch(this.metrics)).text()).split("\n").find((line) => line.startsWith(`micropython_ssl_relay_${name} `));
    const value = match ? Number(match.split(" ").at(-1)) : otherwise;
    if (value === undefined) throw new Error(`the relay tells no ${name}`);
    return value;
  }

  now() {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))?.[1];
    return { memory: Number(kilobytes) * 1024, descriptors: readdirSync(`/proc/${this.pid}/fd`).length };
  }
}
