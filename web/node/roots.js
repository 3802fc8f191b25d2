/** The root certificates that Node, Deno and Bun trust by default. */

import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";

import { codeOf, errnoOf, messageOf } from "../net/errno.js";

/**
 * The file that SSL_CERT_FILE names, or else the roots of the host.
 *
 * @returns {Uint8Array} PEM.
 * @throws {Error} An OSError of MicroPython, if the file cannot be read.
 */
export function defaultRoots() {
  const path = variable("SSL_CERT_FILE");
  if (!path) return hostRoots();
  try {
    return readFileSync(path);
  } catch (error) {
    const failure = new Error(`SSL_CERT_FILE: ${messageOf(error)}`, { cause: error });
    throw Object.assign(failure, { name: "OSError", code: codeOf(error), errno: errnoOf(error) });
  }
}

/**
 * Mozilla's roots, which Node brings along, and those of the file that NODE_EXTRA_CA_CERTS names.
 *
 * @returns {Uint8Array} PEM.
 */
export function hostRoots() {
  return new TextEncoder().encode([...rootCertificates, extraRoots()].join("\n"));
}

/** As in Node's own tls, a file that cannot be read is a warning. */
function extraRoots() {
  const path = variable("NODE_EXTRA_CA_CERTS");
  if (!path) return "";
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    process.emitWarning(`NODE_EXTRA_CA_CERTS is ignored: ${messageOf(error)}`);
    return "";
  }
}

/**
 * A variable of the environment. None where Deno's permissions do not let us read it. @param
 * {string} name
 */
function variable(name) {
  try {
    return process.env[name];
  } catch {
    return undefined;
  }
}
