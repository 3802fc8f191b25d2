/**
 * Where the time of a handshake goes: TLS 1.3 with X25519MLKEM768 offered, an ECDSA P-256
 * certificate, a client from JavaScript.
 */

import { join } from "node:path";
import { buildWithNames } from "../../scripts/build.js";
import { ROOT } from "../../scripts/lib/paths.js";
import { PARTS } from "../lib/handshake-parts.js";

const SUBJECT = "engine, from JavaScript";

/** @type {import("../lib/groups.js").Group} */
export default {
  title: "Profile of a TLS 1.3 handshake",
  rows: Object.fromEntries(Object.keys(PARTS).map((part) => [part, { unit: "ms", better: "lower" }])),
  async measure(bench) {
    const { ports, caFile } = await bench.server();
    const wasm = await buildWithNames();
    /** @type {import("../lib/groups.js").Samples} */
    const samples = Object.fromEntries(Object.keys(PARTS).map((part) => [part, { [SUBJECT]: [] }]));
    for (let turn = 1; turn <= bench.rounds; turn++) {
      bench.note(`round ${turn}`);
      const args = [join(ROOT, "benches/clients/profile.js"), wasm, ports["handshake.tls13.ecdsa"], caFile];
      const parts = JSON.parse(await bench.client(process.execPath, args));
      for (const [part, milliseconds] of Object.entries(parts)) samples[part][SUBJECT].push(milliseconds);
    }
    return samples;
  },
};
