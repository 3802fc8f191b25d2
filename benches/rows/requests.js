/**
 * Small HTTPS requests of MicroPython programs, in wall-clock time: nothing is to wait for an
 * acknowledgement of TCP's.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, WORK } from "../../scripts/lib/paths.js";
import { cast } from "../../tests/support/pki.js";
import { httpsServer } from "../../tests/support/servers.js";
import { NATIVE, interpreters } from "../lib/interpreters.js";

const CLIENT = join(ROOT, "benches/clients/requests.py");
const COUNT = 200;

/**
 * How a row shakes hands, and in how many writes it makes its request.
 *
 * @type {Record<string, string[]>}
 */
const KINDS = {
  "full handshake": ["full", "one"],
  "resumed session": ["resumed", "one"],
  "full handshake, four writes": ["full", "several"],
  "resumed session, four writes": ["resumed", "several"],
};

/** @type {import("../lib/groups.js").Group} */
export default {
  title: "HTTPS requests, median of 200",
  rows: Object.fromEntries(Object.keys(KINDS).map((row) => [row, { unit: "ms", better: "lower" }])),
  async measure(bench, rows) {
    const { port, caFile } = await bench.service(startServer);
    /** @param {string[]} command @returns {(row: string) => Promise<number>} */
    const measure = ([program, ...args]) => async (row) => Number(await bench.client(program, [...args, CLIENT, port, caFile, ...KINDS[row], COUNT]));
    // That of MicroPython with Mbed TLS resumes no sessions.
    const able = Object.entries(await interpreters(bench)).filter(([subject]) => subject !== NATIVE);
    return bench.takeTurns(rows, Object.fromEntries(able.map(([subject, command]) => [subject, measure(command)])));
  },
};

/** Node's HTTPS server, which gives tickets. */
async function startServer() {
  const { ca, server } = cast();
  const caFile = join(WORK, "bench", "requests-ca.pem");
  mkdirSync(join(WORK, "bench"), { recursive: true });
  writeFileSync(caFile, ca.pem);
  return { ...(await httpsServer(server)), caFile };
}
