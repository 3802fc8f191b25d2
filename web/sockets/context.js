/**
 * The engine's contexts for sockets, made from the options in JavaScript. Connections with equal
 * settings share a context and its sessions.
 */

import { Context } from "../../dist/engine/micropython_ssl.js";
import { lookForRoom } from "../engine.js";
import { checkOptions, ownOptions } from "../options.js";

const CERT_NONE = 0;
const CERT_REQUIRED = 2;
/** MicroPython's numbers of protocols. */
const PROTOCOL_TLS_CLIENT = 0;
const PROTOCOL_TLS_SERVER = 1;
const PROTOCOL_DTLS_CLIENT = 2;
/** @type {Record<string, number>} */
const VERSIONS = { "TLSv1.2": 0x0303, "TLSv1.3": 0x0304 };
const OPTIONS = ["ca", "cert", "key", "verify", "sni", "alpn", "ciphers", "minimumVersion", "maximumVersion"];
/** The most contexts that are kept for later connections. */
const KEPT = 16;

/** @import { TlsOptions } from "./connect.js" */

/** @type {{settings: unknown[], context: Context}[]} Most recently used last. */
let kept = [];

/** @param {object} options @throws {TypeError} */
export function checkTlsOptions(options) {
  checkOptions(options, OPTIONS);
}

/**
 * A context that has these settings; the same one for the same settings, so that sessions are
 * resumed.
 *
 * @param {import("./connect.js").TlsOptions} options
 * @param {object} side
 * @param {boolean} [side.server]
 * @param {boolean} [side.datagrams] For a client of DTLS.
 * @param {() => Uint8Array | Promise<Uint8Array>} roots Gives Mozilla's root certificates in PEM.
 * @returns {Promise<Context>} Its time is set to now.
 * @throws {TypeError} for settings that cannot be honoured.
 */
export async function contextFor(options, { server = false, datagrams = false }, roots) {
  const { ca, cert, key, alpn, ciphers, minimumVersion, maximumVersion, verify = !server || ca !== undefined } = ownOptions(options);
  const protocol = server ? PROTOCOL_TLS_SERVER : datagrams ? PROTOCOL_DTLS_CLIENT : PROTOCOL_TLS_CLIENT;
  const settings = [protocol, ca, cert, key, alpn, ciphers, minimumVersion, maximumVersion, verify].map(asText);
  /** @param {{settings: unknown[]}} entry */
  const same = (entry) => entry.settings.every((value, at) => value === settings[at]);
  const entry = kept.find(same) ?? { settings, context: await newContext(protocol, { ca, cert, key, alpn, ciphers, minimumVersion, maximumVersion, verify }, roots) };
  kept = [...kept.filter((other) => other !== entry), entry].slice(-KEPT);
  entry.context.setTime(Date.now() / 1000);
  return entry.context;
}

/**
 * @param {number} protocol
 * @param {TlsOptions} options
 * @param {() => Uint8Array | Promise<Uint8Array>} roots
 */
async function newContext(protocol, { ca, cert, key, alpn = [], ciphers, minimumVersion, maximumVersion, verify }, roots) {
  lookForRoom(0);
  const context = new Context(protocol);
  if ((cert === undefined) !== (key === undefined)) throw new TypeError("cert and key go together");
  if (protocol === PROTOCOL_TLS_SERVER && cert === undefined) throw new TypeError("a server needs cert and key");
  context.verifyMode = verify ? CERT_REQUIRED : CERT_NONE;
  if (verify) {
    const authorities = ca ?? (await roots());
    setting(ca === undefined ? "the root certificates" : "ca", () => context.loadVerifyLocations(bytesOf(authorities)));
  }
  if (cert !== undefined && key !== undefined) setting("cert and key", () => context.loadCertChain(bytesOf(cert), bytesOf(key)));
  if (alpn.length) setting("alpn", () => context.setAlpnProtocols(listOf(alpn)));
  if (ciphers) setting("ciphers", () => context.setCiphers(listOf(ciphers)));
  const [lowest, highest] = [version(minimumVersion ?? "TLSv1.2"), version(maximumVersion ?? "TLSv1.3")];
  if (minimumVersion || maximumVersion) setting("minimumVersion and maximumVersion", () => context.setVersions(lowest, highest));
  return context;
}

/**
 * Takes a setting to the engine.
 *
 * @template T
 * @param {string} option
 * @param {() => T} take
 * @throws {TypeError} Names the option.
 */
export function setting(option, take) {
  try {
    return take();
  } catch (error) {
    const { name, message } = /** @type {Error} */ (error);
    throw name === "MemoryError" ? error : new TypeError(`${option}: ${message}`, { cause: error });
  }
}

/**
 * Bytes and lists as what they are now: a program may change them later. @param {unknown} setting
 */
function asText(setting) {
  if (setting instanceof Uint8Array) return new TextDecoder("latin1").decode(setting);
  return Array.isArray(setting) ? JSON.stringify(setting) : setting;
}

/** @param {string[]} list */
function listOf(list) {
  if (!Array.isArray(list)) throw new TypeError(`expected a list of names, not ${typeof list}`);
  return [...list];
}

/** @param {string} name */
function version(name) {
  if (!Object.hasOwn(VERSIONS, name)) throw new TypeError(`no such version: ${name}; there are ${Object.keys(VERSIONS).join(", ")}`);
  return VERSIONS[name];
}

/**
 * The bytes of PEM or DER. Throws where the engine has no memory for them. @param
 * {string | Uint8Array} data
 */
function bytesOf(data) {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`expected PEM, or DER in a Uint8Array, not ${typeof data}`);
  lookForRoom(bytes.length);
  return bytes;
}
