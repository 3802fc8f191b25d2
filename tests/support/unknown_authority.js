/** A program in a page that refuses a server, since it does not trust the server's authority. */

import assert from "node:assert/strict";
import { cast } from "./pki.js";
import { httpsServer } from "./servers.js";

const { ca, unknownAuthority } = cast();

/**
 * @param {import("node:test").TestContext} t
 * @param {(program: string) => Promise<{out: string}>} run
 * @param {(port: number) => string} handshake Python, indented by two spaces, that shakes hands by
 *   `context` with the server on that port of localhost.
 */
export async function refusesUnknownAuthority(t, run, handshake) {
  const https = await httpsServer(unknownAuthority);
  t.after(https.stop);
  const { out } = await run(`
import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cadata=${JSON.stringify(ca.pem)}.encode())
try:
${handshake(https.port)}
except ValueError as e:
  print(e)
`);
  assert.match(out, /The certificate is not correctly signed by the trusted CA/);
}
