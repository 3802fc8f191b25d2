/**
 * Certificates made at run time: authorities, servers, clients, and all the wrong ones. Nothing is
 * checked, so that tests can have certificates that no authority would sign.
 *
 *     const ca = authority();
 *     const server = ca.issue({ names: ["localhost", "127.0.0.1"] });
 *     https.createServer({ key: server.keyPem, cert: server.chainPem }, …);
 */

import { createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import * as der from "./der.js";

/** @import { KeyObject } from "node:crypto" */

const DAY = 86_400_000; // ms

const OID = {
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
};

/** @type {Record<string, Record<string, string>>} */
const SIGNATURES = {
  rsa: { sha1: "1.2.840.113549.1.1.5", sha256: "1.2.840.113549.1.1.11", sha384: "1.2.840.113549.1.1.12", sha512: "1.2.840.113549.1.1.13" },
  ec: { sha1: "1.2.840.10045.4.1", sha256: "1.2.840.10045.4.3.2", sha384: "1.2.840.10045.4.3.3", sha512: "1.2.840.10045.4.3.4" },
  ed25519: { sha256: "1.3.101.112" }, // brings its own hash
};

const KEY_USAGE_BITS = ["digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign"];

/**
 * @typedef {"p256" | "p384" | "p521" | "ed25519" | "rsa512" | "rsa1024" | "rsa2048" | "rsa3072"}
 *   KeyKind
 *
 * @typedef {object} Profile What a certificate says.
 * @property {string} [subject] Its common name; the first of `names` unless said otherwise, and ""
 *   for none.
 * @property {string[]} [names] Subject alternative names: host names and IP addresses.
 * @property {KeyKind | KeyObject} [key] Its private key, or what kind to
 *   make; "p256" by default.
 * @property {Date} [from] When its validity begins; yesterday by default.
 * @property {Date} [to] When it ends; in 30 days by default.
 * @property {boolean} [ca] Whether it may sign others.
 * @property {number} [pathLength] How many authorities may follow below it.
 * @property {string[]} [usage] Key usage, by the names of RFC 5280.
 * @property {("serverAuth" | "clientAuth")[]} [extendedUsage]
 * @property {"sha1" | "sha256" | "sha384" | "sha512"} [hash] The signature's hash.
 * @property {{oid: string, critical?: boolean, value: Uint8Array}[]} [extensions] Further
 *   extensions, in DER.
 * @property {number} [version] 3 by default.
 */

/** A certificate, its private key, and the authorities that vouch for it. */
export class Certificate {
  /**
   * @param {Uint8Array} encoded The certificate in DER.
   * @param {KeyObject} key Its private key.
   * @param {Uint8Array} name Its subject in DER.
   * @param {Certificate} [issuer] Nobody, if it is self-signed.
   */
  constructor(encoded, key, name, issuer) {
    this.der = Buffer.from(encoded);
    this.key = key;
    this.name = name;
    this.issuer = issuer;
  }

  get pem() {
    return toPem("CERTIFICATE", this.der);
  }

  /**
   * What a server sends: this certificate and the authorities above it, without the root.
   *
   * @returns {Certificate[]}
   */
  get chain() {
    return [this, ...(this.issuer?.issuer ? this.issuer.chain : [])];
  }

  get chainPem() {
    return this.chain.map(({ pem }) => pem).join("");
  }

  /** The private key as PKCS#8. */
  get keyPem() {
    return String(this.key.export({ type: "pkcs8", format: "pem" }));
  }

  /** The private key as PKCS#8. */
  get keyDer() {
    return this.key.export({ type: "pkcs8", format: "der" });
  }

  /**
   * Signs a certificate.
   *
   * @param {Profile} [profile]
   * @returns {Certificate}
   */
  issue(profile = {}) {
    return make(profile, this);
  }

  /**
   * Signs an authority below this one.
   *
   * @param {Profile} [profile]
   */
  intermediate(profile = {}) {
    return this.issue({ subject: "Test Intermediate CA", ca: true, ...profile, key: ownKey(profile) });
  }
}

/**
 * @param {Profile} [profile]
 * @returns {Certificate} A root authority.
 */
export function authority(profile = {}) {
  return make({ subject: "Test CA", ca: true, ...profile, key: ownKey(profile) });
}

/**
 * @param {Profile} [profile]
 * @returns {Certificate} One that nobody but itself vouches for.
 */
export function selfSigned(profile = {}) {
  return make(profile);
}

/**
 * The usual cast, each for `localhost` and `127.0.0.1` where nothing else is said.
 *
 * @param {KeyKind} [key] Of everybody.
 */
export function cast(key = "p256") {
  const names = ["localhost", "127.0.0.1", "::1"];
  const now = Date.now();
  const ca = authority({ key });
  const intermediate = ca.intermediate({ key });
  return {
    ca,
    server: ca.issue({ names, key, extendedUsage: ["serverAuth"] }),
    client: ca.issue({ subject: "client", key, extendedUsage: ["clientAuth"] }),
    chained: intermediate.issue({ names, key }),
    expired: ca.issue({ names, key, from: new Date(now - 20 * DAY), to: new Date(now - 10 * DAY) }),
    future: ca.issue({ names, key, from: new Date(now + 10 * DAY), to: new Date(now + 20 * DAY) }),
    wrongHost: ca.issue({ names: ["other.example"], key }),
    commonNameOnly: ca.issue({ subject: "localhost", key }),
    unknownAuthority: authority({ subject: "Unknown CA", key }).issue({ names, key }),
    selfSigned: selfSigned({ names, key }),
  };
}

/** @type {Map<KeyKind, KeyObject[]>} */
const made = new Map();

/**
 * A private key. RSA keys take long to make, so three of each size go round; authorities have keys
 * of their own.
 *
 * @param {KeyKind} kind
 * @returns {KeyObject}
 */
export function privateKey(kind) {
  if (!kind.startsWith("rsa")) return generate(kind);
  const keys = made.get(kind) ?? [];
  made.set(kind, keys);
  const key = (keys.length < 3 ? undefined : keys.shift()) ?? generate(kind);
  keys.push(key);
  return key;
}

/**
 * @param {string} label
 * @param {Uint8Array} bytes DER.
 */
export function toPem(label, bytes) {
  const lines = Buffer.from(bytes).toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/**
 * An authority's key: another authority with the same key would vouch for its certificates too.
 *
 * @param {Profile} profile
 */
function ownKey({ key = "p256" }) {
  return typeof key === "string" ? generate(key) : key;
}

/** @type {Partial<Record<KeyKind, string>>} */
const CURVES = { p256: "P-256", p384: "P-384", p521: "P-521" };

/** @param {KeyKind} kind */
function generate(kind) {
  const curve = CURVES[kind];
  if (curve) return generateKeyPairSync("ec", { namedCurve: curve }).privateKey;
  if (kind === "ed25519") return generateKeyPairSync("ed25519").privateKey;
  return generateKeyPairSync("rsa", { modulusLength: Number(kind.slice(3)) }).privateKey;
}

/** @param {Profile} profile @param {Certificate} [issuer] Itself unless told. */
function make(profile, issuer) {
  const { names = [], ca = false, hash = "sha256", key: wanted = "p256", version = 3 } = profile;
  const now = Date.now();
  const { from = new Date(now - DAY), to = new Date(now + 30 * DAY) } = profile;
  const key = typeof wanted === "string" ? privateKey(wanted) : wanted;
  const signer = issuer?.key ?? key;
  const name = distinguishedName(profile.subject ?? names[0] ?? "");
  const algorithm = signatureAlgorithm(signer, hash);
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  const fields = [
    der.integer(Buffer.concat([Buffer.of(1), randomBytes(15)])), // serial number
    algorithm,
    issuer?.name ?? name,
    der.sequence(der.time(from), der.time(to)),
    name,
    publicKey,
  ];
  const extensions = version === 3 ? [der.value(0xa3, der.sequence(...extensionsOf({ ...profile, names, ca }, publicKey)))] : [];
  const head = version > 1 ? [der.value(0xa0, der.integer(Buffer.of(version - 1)))] : [];
  const body = der.sequence(...head, ...fields, ...extensions);
  const signature = sign(signer.asymmetricKeyType === "ed25519" ? null : hash, body, signer);
  return new Certificate(der.sequence(body, algorithm, der.bits(signature)), key, name, issuer);
}

/** @param {string} commonName */
function distinguishedName(commonName) {
  if (!commonName) return der.sequence();
  return der.sequence(der.set(der.sequence(der.oid(OID.commonName), der.utf8(commonName))));
}

/** @param {KeyObject} signer @param {string} hash */
function signatureAlgorithm(signer, hash) {
  const type = signer.asymmetricKeyType ?? "";
  const identifier = der.oid(SIGNATURES[type][type === "ed25519" ? "sha256" : hash]);
  return type === "rsa" ? der.sequence(identifier, der.value(0x05)) : der.sequence(identifier);
}

/** @param {Profile & {names: string[], ca: boolean}} profile @param {Buffer} publicKey */
function extensionsOf({ names, ca, pathLength, usage, extendedUsage, extensions = [] }, publicKey) {
  const list = [];
  const limit = pathLength === undefined ? [] : [der.integer(Buffer.of(pathLength))];
  list.push(extension(OID.basicConstraints, true, der.sequence(...(ca ? [der.boolean(true), ...limit] : []))));
  list.push(extension(OID.subjectKeyIdentifier, false, der.octets(publicKey.subarray(-20))));
  const purposes = usage ?? (ca ? ["keyCertSign", "cRLSign"] : undefined);
  if (purposes) list.push(extension(OID.keyUsage, true, usageBits(purposes)));
  if (extendedUsage) {
    list.push(extension(OID.extendedKeyUsage, false, der.sequence(...extendedUsage.map((name) => der.oid(OID[name])))));
  }
  if (names.length) list.push(extension(OID.subjectAltName, false, der.sequence(...names.map(generalName))));
  return [...list, ...extensions.map(({ oid, critical = false, value }) => extension(oid, critical, value))];
}

/** @param {string} oid @param {boolean} critical @param {Uint8Array} content */
function extension(oid, critical, content) {
  return der.sequence(der.oid(oid), ...(critical ? [der.boolean(true)] : []), der.octets(content));
}

/** @param {string[]} purposes */
function usageBits(purposes) {
  const positions = purposes.map((name) => KEY_USAGE_BITS.indexOf(name));
  const octet = positions.reduce((sum, position) => sum | (0x80 >> position), 0);
  return der.bits(Buffer.of(octet), 7 - Math.max(...positions));
}

/** @param {string} name */
function generalName(name) {
  return isIP(name) ? der.value(0x87, addressBytes(name)) : der.value(0x82, Buffer.from(name));
}

/** @param {string} address */
function addressBytes(address) {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head, tail] = address.split("::").map((side) => (side ? side.split(":") : []));
  const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill("0"), ...tail] : head;
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}
