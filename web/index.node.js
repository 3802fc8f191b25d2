/**
 * micropython-ssl in Node, Deno and Bun: everything that pages have, and the host's own sockets.
 *
 * @module
 */

import { rootCertificates } from "node:tls";
import { useHostNetwork } from "./browser/channels.js";
import { installMicroPython as install } from "./browser/install.js";
import { hostNetwork } from "./node/backend.js";
import { HostTransport } from "./node/transport.js";
import { socketsFor } from "./sockets/connect.js";

const roots = async () => new TextEncoder().encode(rootCertificates.join("\n"));

useHostNetwork(hostNetwork);

export * from "./common.js";
export const { connect, listen, connectDatagram } = socketsFor({
  defaultTransport: () => new HostTransport(),
  roots,
});

/**
 * installMicroPython() of browser/install.js, with Node's root certificates.
 *
 * @param {object} mp
 * @param {import("./browser/install.js").InstallOptions} [options]
 */
export function installMicroPython(mp, options) {
  return install(mp, options, roots);
}
