/**
 * micropython-ssl: TLS for MicroPython in WebAssembly, and for JavaScript. This is the entry for
 * pages; index.node.js is for Node, Deno and Bun.
 *
 * @module
 */

import { socketsFor } from "./sockets/connect.js";
import { SocketError } from "./sockets/errors.js";

/** Mozilla's root certificates, a file of this package. */
const ROOTS = new URL("../dist/roots.pem", import.meta.url);

export * from "./common.js";
export const { connect, listen, connectDatagram } = socketsFor({ roots });

/**
 * installMicroPython() of browser/install.js, which is loaded when it is called: pages whose
 * programs run in a worker do without.
 *
 * @param {object} mp
 * @param {import("./browser/install.js").InstallOptions} [options]
 */
export async function installMicroPython(mp, options) {
  const install = await import("./browser/install.js");
  return install.installMicroPython(mp, options, ROOTS);
}

async function roots() {
  const answer = await fetch(ROOTS).catch((error) => error);
  if (!answer.ok) throw new SocketError("ENOENT", `no root certificates at ${ROOTS}: give \`ca\``, { cause: answer });
  return new Uint8Array(await answer.arrayBuffer());
}
