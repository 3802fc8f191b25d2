/**
 * The loads: what each is, how much of it there is in all, and its program, which is the same in
 * every runtime.
 */

import { readFileSync } from "node:fs";
import { Agent, get } from "node:https";

const CONNECTIONS = 1000;
/** Requests that are under way at a time. */
const VISITORS = 4;

/**
 * @typedef {object} Load
 * @property {string} title Says how much of it there is.
 * @property {number} count How much that is, in what the program counts.
 * @property {number} [least] Less than this is no load.
 * @property {string} program A file of programs/.
 * @property {Record<string, any>} [settings] More of the program's.
 * @property {number} [heap] MiB; what is usual unless told.
 * @property {boolean} [listens] Whether the program does.
 * @property {(port: number, count: number, ca: string) => Promise<void>} [visit] Does what the
 *   program's clients do, when it listens.
 */

/** @type {Record<string, Load>} */
export const LOADS = {
  answers: { title: "a server that answers 20,000 requests", count: 20_000, least: 500, program: "answers", listens: true, visit },
  unclosed: { title: "a client that makes 20,000 connections and closes none", count: 20_000, least: 500, program: "connections", settings: { CLOSES: false } },
  messages: { title: "1,000,000 small messages over one connection", count: 1_000_000, least: 10_000, program: "messages" },
  turns: { title: "20,000 connections, one after the other", count: 20_000, least: 500, program: "connections", settings: { CLOSES: true } },
  at_once: {
    title: "20,000 requests over 1,000 connections at once, client and server in one program",
    count: 20 * CONNECTIONS,
    least: 2 * CONNECTIONS,
    program: "at_once",
    listens: true,
    settings: { CONNECTIONS },
    heap: 64,
  },
  bulk: { title: "10 GiB in one connection", count: 10 * 1024, least: 128, program: "bulk" },
  mixed: { title: "half an hour of mixed traffic", count: 1800, least: 100, program: "mixed" },
};

/**
 * A load's program.
 *
 * @param {Load} load
 * @param {Record<string, any>} settings What it finds as global names: PORT, COUNT, ALONE, OWN.
 */
export function programOf({ program, settings: own }, settings) {
  const names = Object.entries({ ...settings, ...own }).map(([name, value]) => `${name} = ${asPython(value)}\n`);
  return [...names, ...["prelude", program].map((name) => readFileSync(new URL(`programs/${name}.py`, import.meta.url), "utf8"))].join("");
}

/** How much of a load there is at a scale. @param {Load} load @param {number} scale */
export function countOf({ count, least = 1 }, scale) {
  return Math.max(least, Math.round(count * scale));
}

/** @param {number} port @param {number} count @param {string} ca */
async function visit(port, count, ca) {
  const agent = new Agent({ keepAlive: false });
  let left = count;
  const visitor = async () => {
    while (left-- > 0) await request({ port, ca, agent, servername: "localhost" });
  };
  await Promise.all(Array.from({ length: VISITORS }, visitor));
}

/** @param {import("node:https").RequestOptions} options @returns {Promise<void>} */
function request(options) {
  return new Promise((resolve, reject) => {
    const asked = get({ host: "127.0.0.1", ...options }, (response) => response.once("error", reject).once("end", resolve).resume());
    asked.once("error", reject);
  });
}

/** @param {unknown} value */
function asPython(value) {
  return typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value);
}
