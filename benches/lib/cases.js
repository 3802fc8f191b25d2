/** What is measured: cases, each with the server's settings, and subjects, each a client program. */

import { join } from "node:path";
import { ROOT } from "../../scripts/lib/paths.js";

const MIB = 1024 * 1024;
const TLS13 = { minVersion: "TLSv1.3", maxVersion: "TLSv1.3" };
const TLS12 = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" };

/**
 * @typedef {object} Case
 * @property {"handshake" | "bulk"} kind Handshakes are counted in milliseconds of CPU each, downloads in MB per CPU second.
 * @property {"p256" | "rsa2048"} key The server's.
 * @property {import("node:tls").TlsOptions} tls The server's settings.
 * @property {number} warmUp How many handshakes, or bytes, before it is measured.
 * @property {number} amount How many handshakes, or bytes, are measured.
 */

const handshake = (key, tls) => ({ kind: "handshake", key, tls, warmUp: 30, amount: 100 });
const bulk = (ciphers) => ({ kind: "bulk", key: "p256", tls: { ...TLS13, ciphers }, warmUp: 16 * MIB, amount: 64 * MIB });

/** @type {Record<string, Case>} */
export const CASES = {
  "handshake.tls13.ecdsa": handshake("p256", TLS13),
  "handshake.tls13.rsa": handshake("rsa2048", TLS13),
  "handshake.tls12.ecdsa": handshake("p256", TLS12),
  "bulk.chacha20": bulk("TLS_CHACHA20_POLY1305_SHA256"),
  "bulk.aes128gcm": bulk("TLS_AES_128_GCM_SHA256"),
};

const client = (name) => join(ROOT, "benches/clients", name);

/**
 * The clients: each is given the case's kind, a port, a file with the authority in PEM, warm-up and amount, and prints the CPU
 * microseconds that its process (all threads, user and system) took for the amount.
 *
 * @type {Record<string, string[]>} Name to command line.
 */
export const SUBJECTS = {
  node: [process.execPath, client("node.js")],
  "node-onread": [process.execPath, client("node-onread.js")],
  js: [process.execPath, client("engine.js")],
  micropython: [process.execPath, join(ROOT, "web/node/cli.js"), client("micropython.py")],
};

/** What the others are compared with. */
export const REFERENCE = "node";

/**
 * A case's figure from what a client printed.
 *
 * @param {Case} what
 * @param {number} microseconds
 * @returns {number} Milliseconds of CPU for a handshake, or MB per CPU second.
 */
export function figure({ kind, amount }, microseconds) {
  return kind === "handshake" ? microseconds / 1000 / amount : amount / microseconds;
}
