/** What measuring takes: the server, client processes, and subjects that take turns. */

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT, WORK } from "../../scripts/lib/paths.js";
import { CommandFailed, check, endWithUs } from "../../scripts/lib/run.js";
import { messageOf } from "../../web/net/errno.js";

const CLIENT_LIMIT = 300; // seconds

/**
 * @typedef {object} Server The bench's own; see lib/server.js.
 * @property {Record<string, number>} ports By case.
 * @property {string} caFile Its authority in PEM.
 */

/** One run of the bench. */
export class Bench {
  /** Subjects that could not be measured, and why. @type {Record<string, string>} */
  skipped = {};
  /** @type {Map<() => Promise<unknown>, Promise<any>>} */
  #services = new Map();

  /**
   * @param {object} options
   * @param {number} options.rounds How often every subject has its turn.
   * @param {boolean} [options.peers] Whether other projects' TLS in wasm is measured too.
   */
  constructor({ rounds, peers = false }) {
    this.rounds = rounds;
    this.peers = peers;
    /** Shows what it is at. @type {(text: string) => void} */
    this.note = () => {};
  }

  /**
   * @returns {Promise<Server>} The server that TLS clients talk to, started when it is first asked
   *   for.
   */
  server() {
    return this.service(startServer);
  }

  /**
   * Starts something that subjects share when it is first asked for, and stops it at the end.
   *
   * @template {{stop: () => unknown}} T
   * @param {() => Promise<T>} start
   * @returns {Promise<T>}
   */
  service(start) {
    const service = this.#services.get(start) ?? start();
    this.#services.set(start, service);
    return service;
  }

  /**
   * Runs a client in a process of its own.
   *
   * @param {string} program
   * @param {(string | number)[]} args
   * @returns {Promise<string>} The last line that it printed.
   * @throws {CommandFailed}
   */
  async client(program, args) {
    const output = await check(program, args.map(String), { cwd: ROOT, timeout: CLIENT_LIMIT });
    return output.trim().split("\n").pop() ?? "";
  }

  /**
   * Lets subjects take turns, so that whatever else the machine is at hits all of them alike.
   *
   * @param {string[]} rows
   * @param {Record<string, (row: string) => Promise<number | undefined>>} subjects Each measures a
   *   row once; undefined where it does not have that row.
   * @returns {Promise<import("./groups.js").Samples>}
   */
  async takeTurns(rows, subjects) {
    /** @type {import("./groups.js").Samples} */
    const samples = Object.fromEntries(rows.map((row) => [row, {}]));
    for (let turn = 1; turn <= this.rounds; turn++) {
      for (const row of rows) {
        for (const [subject, measure] of Object.entries(subjects)) {
          this.note(`round ${turn}: ${row}, ${subject}`);
          const figure = await measure(row);
          if (figure !== undefined) (samples[row][subject] ??= []).push(figure);
        }
      }
    }
    return samples;
  }

  /**
   * Does something for a subject that may be absent here: a program that cannot be built, a peer
   * that fails.
   *
   * @template T
   * @param {string} subject
   * @param {() => Promise<T>} work
   * @returns {Promise<T | undefined>} Undefined if it failed; the reason is in `skipped`.
   */
  async optional(subject, work) {
    try {
      return await work();
    } catch (error) {
      this.skip(subject, error instanceof CommandFailed ? reasonOf(error) : messageOf(error));
      return undefined;
    }
  }

  /**
   * @param {string} subject
   * @param {string} reason
   */
  skip(subject, reason) {
    this.skipped[subject] ??= reason.split("\n")[0];
  }

  async stop() {
    const started = await Promise.allSettled(this.#services.values());
    await Promise.all(started.map((service) => service.status === "fulfilled" && service.value.stop()));
  }
}

/**
 * What a program said of its end: an error that Node shows before its stack, or its last line.
 *
 * @param {CommandFailed} error
 */
function reasonOf({ tail, message }) {
  return tail.find((line) => /^\w*Error\b/.test(line)) ?? tail.at(-1) ?? message;
}

async function startServer() {
  const child = spawn(process.execPath, [join(ROOT, "benches/lib/server.js")], { stdio: ["pipe", "pipe", "inherit"], detached: true });
  endWithUs(child.pid);
  for await (const line of createInterface({ input: child.stdout })) {
    const { ports, ca } = JSON.parse(line);
    const caFile = join(WORK, "bench", "ca.pem");
    mkdirSync(join(WORK, "bench"), { recursive: true });
    writeFileSync(caFile, ca);
    return { ports, caFile, stop: () => child.kill() };
  }
  throw new Error("the bench's server did not start");
}
