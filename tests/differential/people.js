/**
 * The keys and certificates that situations read from their folder: NAME.der, NAME.pem,
 * NAME.key.der, key.KIND.FORM.
 */

import { createPrivateKey } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { authority, privateKey, selfSigned, toPem } from "../support/pki.js";
import * as der from "../support/der.js";

const DAY = 86_400_000; // ms
const NAMES = ["localhost", "127.0.0.1", "::1"];
/** @type {import("../support/pki.js").KeyKind[]} */
const KINDS = ["p256", "p384", "p521", "rsa512", "rsa1024", "rsa2048", "ed25519"];
/**
 * The forms that only keys of one type have.
 *
 * @type {Record<string, {type: "sec1" | "pkcs1", label: string}>}
 */
const OWN_FORMS = { ec: { type: "sec1", label: "EC PRIVATE KEY" }, rsa: { type: "pkcs1", label: "RSA PRIVATE KEY" } };
const PASSPHRASE = { cipher: "aes-256-cbc", passphrase: "secret" };

/**
 * Writes them into a folder, which is emptied.
 *
 * @param {string} folder
 */
export function writePeople(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  /** @param {string} name @param {string | Uint8Array} content */
  const write = (name, content) => writeFileSync(join(folder, name), content);
  for (const [name, person] of Object.entries(people())) {
    write(`${name}.der`, person.der);
    write(`${name}.pem`, person.pem);
    write(`${name}.chain.pem`, person.chainPem);
    write(`${name}.key.der`, person.keyDer);
    write(`${name}.key.pem`, person.keyPem);
  }
  for (const [name, content] of keys()) write(`key.${name}`, content);
}

/** @returns {Record<string, import("../support/pki.js").Certificate>} */
function people() {
  const now = Date.now();
  const past = { from: new Date(now - 20 * DAY), to: new Date(now - 10 * DAY) };
  const coming = { from: new Date(now + 10 * DAY), to: new Date(now + 20 * DAY) };
  const other = { names: ["other.example"] };
  const names = NAMES;
  const ca = authority();
  const unknown = authority({ subject: "Unknown CA" });
  const intermediate = ca.intermediate();
  const narrow = ca.intermediate({ subject: "Narrow CA", pathLength: 0 });
  const server = ca.issue({ names });
  return {
    ca,
    unknown_ca: unknown,
    intermediate,
    server,
    client: ca.issue({ subject: "client", extendedUsage: ["clientAuth"] }),
    chained: intermediate.issue({ names }),
    expired: ca.issue({ names, ...past }),
    future: ca.issue({ names, ...coming }),
    wronghost: ca.issue(other),
    cnonly: ca.issue({ subject: "localhost" }),
    cn_other_san: ca.issue({ subject: "localhost", ...other }),
    cn_ip: ca.issue({ subject: "127.0.0.1" }),
    wildcard_cn: ca.issue({ subject: "*.example.org" }),
    unknown: unknown.issue({ names }),
    selfsigned: selfSigned({ names }),
    self_ca: selfSigned({ names, ca: true }),
    expired_wronghost: ca.issue({ ...other, ...past }),
    future_wronghost: ca.issue({ ...other, ...coming }),
    unknown_expired: unknown.issue({ names, ...past }),
    unknown_expired_wronghost: unknown.issue({ ...other, ...past }),
    issued_by_leaf: server.issue({ names }),
    issued_by_expired: ca.intermediate({ subject: "Expired CA", ...past }).issue({ names }),
    pathlength: narrow.intermediate({ subject: "Too deep" }).issue({ names }),
    rsa512: selfSigned({ names, key: "rsa512" }),
    rsa1024: ca.issue({ names, key: "rsa1024" }),
    rsa2048: ca.issue({ names, key: "rsa2048" }),
    p384: ca.issue({ names, key: "p384" }),
    p521: ca.issue({ names, key: "p521" }),
    sha1: ca.issue({ names, hash: "sha1" }),
    rsa1024_sha1: ca.issue({ names, key: "rsa1024", hash: "sha1" }),
    clientauth: ca.issue({ names, extendedUsage: ["clientAuth"] }),
    serverauth: ca.issue({ names, extendedUsage: ["serverAuth"] }),
    anyusage: ca.issue({ names, extendedUsage: ["serverAuth", "clientAuth"] }),
    keyagreement: ca.issue({ names, usage: ["keyAgreement"] }),
    encipherment: ca.issue({ names, usage: ["keyEncipherment"] }),
    nameless: ca.issue({ subject: "" }),
    ipname: ca.issue({ subject: "ip", names: ["127.0.0.1", "::1"] }),
    wildcard: ca.issue({ names: ["*.example.org", "*.localhost"] }),
    nulname: ca.issue({ names: ["localhost\0.evil.example"] }),
    version1: ca.issue({ subject: "localhost", version: 1 }),
    critical: ca.issue({ names, extensions: [{ oid: "1.2.3.4", critical: true, value: der.octets(Buffer.from("x")) }] }),
  };
}

/**
 * Private keys in each form: name and content.
 *
 * @returns {Generator<[string, string | Uint8Array]>}
 */
function* keys() {
  for (const kind of KINDS) {
    const key = privateKey(kind);
    const own = OWN_FORMS[key.asymmetricKeyType ?? ""];
    yield* inBothEncodings(`${kind}.pkcs8`, key.export({ type: "pkcs8", format: "der" }), "PRIVATE KEY");
    if (own) yield* inBothEncodings(`${kind}.${own.type}`, key.export({ type: own.type, format: "der" }), own.label);
  }
  const key = createPrivateKey(privateKey("rsa2048").export({ type: "pkcs8", format: "pem" }));
  yield ["encrypted.pkcs8.der", key.export({ type: "pkcs8", format: "der", ...PASSPHRASE })];
  yield ["encrypted.pkcs8.pem", key.export({ type: "pkcs8", format: "pem", ...PASSPHRASE })];
  yield ["encrypted.pkcs1.pem", key.export({ type: "pkcs1", format: "pem", ...PASSPHRASE })];
}

/**
 * @param {string} name
 * @param {Buffer} content
 * @param {string} label
 * @returns {Generator<[string, string | Uint8Array]>}
 */
function* inBothEncodings(name, content, label) {
  yield [`${name}.der`, content];
  yield [`${name}.pem`, toPem(label, content)];
}
