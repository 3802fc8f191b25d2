/**
 * micropython-ssl: TLS for MicroPython in WebAssembly, and for JavaScript. In pages; index.node.js
 * is for Node, Deno and Bun.
 *
 * @module
 */

import { socketsFor } from "./sockets/connect.js";
import { SocketError } from "./sockets/errors.js";

export * from "./common.js";
export const { connect, listen, connectDatagram } = socketsFor({ roots });

/** Mozilla's root certificates, which the package brings. */
async function roots() {
  const address = new URL("../dist/roots.pem", import.meta.url);
  const answer = await fetch(address).catch((error) => error);
  if (!answer.ok) throw new SocketError("ENOENT", `no root certificates at ${address}: give \`ca\``, { cause: answer });
  return new Uint8Array(await answer.arrayBuffer());
}
