/** What TLS clients are measured at: cases, each with the server's settings. */

import { constants } from "node:crypto";

const MIB = 1024 * 1024;
/** @type {import("node:tls").TlsOptions} */
const TLS13 = { minVersion: "TLSv1.3", maxVersion: "TLSv1.3" };
/** @type {import("node:tls").TlsOptions} */
const TLS12 = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" };

/**
 * @typedef {object} Case
 * @property {"handshake" | "bulk"} kind Handshakes are counted in milliseconds of CPU each,
 *   downloads in MB per CPU second.
 * @property {"p256" | "rsa2048"} key The server's.
 * @property {import("node:tls").TlsOptions} tls The server's settings.
 * @property {number} warmUp How many handshakes, or bytes, before it is measured.
 * @property {number} amount How many handshakes, or bytes, are measured.
 */

// Without tickets no client can resume a session. Some clients would, and the bench measures full
// handshakes.
const FULL = { secureOptions: constants.SSL_OP_NO_TICKET };

/** @param {Case["key"]} key @param {Case["tls"]} tls @returns {Case} */
const handshake = (key, tls) => ({ kind: "handshake", key, tls: { ...tls, ...FULL }, warmUp: 30, amount: 100 });
/** @param {Case["tls"]} tls @param {string} ciphers @returns {Case} */
const bulk = (tls, ciphers) => ({ kind: "bulk", key: "p256", tls: { ...tls, ciphers }, warmUp: 16 * MIB, amount: 64 * MIB });

/** @type {Record<string, Case>} By row: `handshake.…` and `bulk.…`. */
export const CASES = {
  "handshake.tls13.ecdsa": handshake("p256", TLS13),
  "handshake.tls13.rsa": handshake("rsa2048", TLS13),
  "handshake.tls12.ecdsa": handshake("p256", TLS12),
  "bulk.chacha20": bulk(TLS13, "TLS_CHACHA20_POLY1305_SHA256"),
  "bulk.aes128gcm": bulk(TLS13, "TLS_AES_128_GCM_SHA256"),
  "bulk.tls12.aes128gcm": bulk(TLS12, "ECDHE-ECDSA-AES128-GCM-SHA256"), // the newest that Mbed TLS in MicroPython has
};

/** @type {Record<Case["kind"], import("./groups.js").Row>} */
const UNITS = {
  handshake: { unit: "ms of CPU each", better: "lower" },
  bulk: { unit: "MB per CPU second", better: "higher" },
};

/**
 * The rows of a kind, as a group of figures has them.
 *
 * @param {Case["kind"]} kind
 * @returns {Record<string, import("./groups.js").Row>}
 */
export function rowsOf(kind) {
  const names = Object.keys(CASES).filter((name) => name.startsWith(`${kind}.`));
  return Object.fromEntries(names.map((name) => [name.slice(kind.length + 1), UNITS[kind]]));
}

/**
 * A case's figure from what a client printed.
 *
 * @param {Pick<Case, "kind" | "amount">} what
 * @param {number} microseconds
 * @returns {number} Milliseconds of CPU for a handshake, or MB per CPU second.
 */
export function figure({ kind, amount }, microseconds) {
  return kind === "handshake" ? microseconds / 1000 / amount : amount / microseconds;
}
