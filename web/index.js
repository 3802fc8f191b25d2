/**
 * micropython-ssl: TLS for MicroPython in WebAssembly, and for JavaScript. This is the entry for
 * pages; index.node.js is for Node, Deno and Bun.
 *
 * @module
 */

import { useRoots } from "./browser/install.js";
import { socketsFor } from "./sockets/connect.js";
import { SocketError } from "./sockets/errors.js";

/** Mozilla's root certificates, a file of this package. */
const ROOTS = new URL("../dist/roots.pem", import.meta.url);

useRoots(ROOTS);

export * from "./common.js";
export const { connect, listen, connectDatagram } = socketsFor({ roots });

async function roots() {
  const answer = await fetch(ROOTS).catch((error) => error);
  if (!answer.ok) throw new SocketError("ENOENT", `no root certificates at ${ROOTS}: give \`ca\``, { cause: answer });
  return new Uint8Array(await answer.arrayBuffer());
}
