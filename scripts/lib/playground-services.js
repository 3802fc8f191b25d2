/**
 * Servers for the playground's examples on this machine, so that they work without the internet:
 * HTTPS, and MQTT where mosquitto is.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { authority } from "../../tests/support/pki.js";
import { missing } from "../../tests/support/programs.js";
import { httpsServer, mosquitto } from "../../tests/support/servers.js";
import { policyOf } from "../../web/node/page_policy.js";
import { PLAYGROUND } from "./playground-build.js";

/**
 * @returns {Promise<{ca: string, services: Record<string, {host: string, port: number}>, targets:
 *   string[], stop: () => Promise<void>}>} `ca` is to be trusted, in PEM; `targets` are to be
 *   allowed at the relay.
 */
export async function startServices() {
  const ca = authority({ subject: "Authority of this playground" });
  const certificate = ca.intermediate({ subject: "Intermediate authority of this playground" }).issue({ names: ["localhost", "127.0.0.1"] });
  /** @type {Record<string, {port: number, stop: () => Promise<unknown>}>} */
  const running = { https: await httpsServer(certificate, { handler: greet }) };
  if (!missing("mosquitto")) running.mqtt = await mosquitto(certificate);
  const services = Object.fromEntries(Object.entries(running).map(([name, { port }]) => [name, { host: "localhost", port }]));
  return {
    ca: ca.pem,
    services,
    targets: Object.values(services).map(({ port }) => `localhost:${port}`),
    stop: async () => void (await Promise.all(Object.values(running).map((server) => server.stop()))),
  };
}

/**
 * What replaces files of the playground's folder where it is shown with these services: their
 * addresses, and roots with their authority.
 *
 * @param {{services: Record<string, {host: string, port: number}>, ca: string}} running
 */
export function siteFiles({ services, ca }, folder = PLAYGROUND) {
  return {
    "/config.json": JSON.stringify({ relay: { wisp: "relay/" }, services }),
    "/roots.pem": `${readFileSync(join(folder, "roots.pem"), "utf8")}${ca}`,
  };
}

/** The policy of the playground's page, which its workers get from a header only. */
export function sitePolicy(folder = PLAYGROUND) {
  return policyOf(readFileSync(join(folder, "index.html"), "utf8"));
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 */
function greet(request, response) {
  const socket = /** @type {import("node:tls").TLSSocket} */ (request.socket);
  response.setHeader("Content-Type", "text/plain");
  response.end(`Hello from this machine! You came over ${socket.getProtocol()} with ${socket.getCipher().name}.\n`);
}
