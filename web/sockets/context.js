/** The engine's contexts for sockets: settings as JavaScript gives them, and sessions that connections with equal settings share. */

import { Context } from "../../dist/engine/micropython_ssl.js";

const CERT_NONE = 0;
const CERT_REQUIRED = 2;
/** MicroPython's numbers of protocols: bit 0 is a server, bit 1 is DTLS. */
const SERVER = 1;
const DATAGRAM = 2;
const VERSIONS = { "TLSv1.2": 0x0303, "TLSv1.3": 0x0304 };
/** How many contexts are kept for connections that may come. */
const KEPT = 16;

/** @type {{key: unknown[], context: Context}[]} Most recently used last. */
const kept = [];

/**
 * A context that has these settings; the same one for the same settings, so that sessions are resumed.
 *
 * @param {import("./connect.js").TlsOptions} options
 * @param {object} side
 * @param {boolean} [side.server]
 * @param {boolean} [side.datagram]
 * @param {() => Promise<Uint8Array>} roots Gives Mozilla's root certificates in PEM.
 * @returns {Promise<Context>} Its time is set to now.
 * @throws {TypeError} for settings that cannot be honoured.
 */
export async function contextFor(options, { server = false, datagram = false }, roots) {
  const { ca, cert, key, alpn = [], ciphers, minimumVersion, maximumVersion, verify = !server } = options;
  const settings = [server, datagram, ca, cert, key, String(alpn), String(ciphers), minimumVersion, maximumVersion, verify];
  let found = kept.findIndex((entry) => entry.key.every((value, at) => value === settings[at]));
  if (found < 0) {
    const context = new Context((server ? SERVER : 0) | (datagram ? DATAGRAM : 0));
    if ((cert === undefined) !== (key === undefined)) throw new TypeError("cert and key go together");
    if (server && cert === undefined) throw new TypeError("a server needs cert and key");
    context.verifyMode = verify ? CERT_REQUIRED : CERT_NONE;
    if (verify) context.loadVerifyLocations(ca === undefined ? await roots() : bytesOf(ca));
    if (cert !== undefined) context.loadCertChain(bytesOf(cert), bytesOf(key));
    if (alpn.length) context.setAlpnProtocols([...alpn]);
    if (ciphers) context.setCiphers([...ciphers]);
    if (minimumVersion || maximumVersion) context.setVersions(version(minimumVersion ?? "TLSv1.2"), version(maximumVersion ?? "TLSv1.3"));
    found = kept.push({ key: settings, context }) - 1;
    // Connections that live keep what they need of it.
    if (kept.length > KEPT) found -= kept.splice(0, 1).length;
  }
  const [entry] = kept.splice(found, 1);
  kept.push(entry);
  entry.context.setTime(Date.now() / 1000);
  return entry.context;
}

function version(name) {
  if (!Object.hasOwn(VERSIONS, name)) throw new TypeError(`no such version: ${name}; there are ${Object.keys(VERSIONS).join(", ")}`);
  return VERSIONS[name];
}

/** PEM as text or bytes, or DER. */
function bytesOf(data) {
  return typeof data === "string" ? new TextEncoder().encode(data) : data;
}
