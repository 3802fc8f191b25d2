/**
 * micropython-ssl in Node, Deno and Bun: everything that pages have, and the host's own sockets.
 *
 * @module
 */

import { useHostNetwork } from "./browser/channels.js";
import { installMicroPython as install } from "./browser/install.js";
import { hostNetwork } from "./node/backend.js";
import { defaultRoots } from "./node/roots.js";
import { HostTransport } from "./node/transport.js";
import { socketsFor } from "./sockets/connect.js";

useHostNetwork(hostNetwork);

export * from "./common.js";
export const { connect, listen, connectDatagram } = socketsFor({
  defaultTransport: () => new HostTransport(),
  roots: defaultRoots,
});

/**
 * installMicroPython() of browser/install.js, with Node's root certificates.
 *
 * @param {object} mp
 * @param {import("./browser/install.js").InstallOptions} [options]
 */
export function installMicroPython(mp, options) {
  return install(mp, options, defaultRoots);
}

/** Of pages only. @returns {Promise<never>} */
export async function startMicroPython() {
  throw new Error("startMicroPython() is for pages; here the command micropython-ssl runs programs, and installMicroPython() gives npm's MicroPython sockets");
}
