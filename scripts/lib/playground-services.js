/** Servers for the playground's examples on this machine, so that they work without the internet: HTTPS, and MQTT where mosquitto is. */

import { authority } from "../../tests/support/pki.js";
import { missing } from "../../tests/support/programs.js";
import { httpsServer, mosquitto } from "../../tests/support/servers.js";

/**
 * @returns {Promise<{ca: string, services: Record<string, {host: string, port: number}>, targets: string[], stop: () => Promise<void>}>}
 *   `ca` is to be trusted, in PEM; `targets` are to be allowed at the relay.
 */
export async function startServices() {
  const ca = authority({ subject: "Authority of this playground" });
  const certificate = ca.issue({ names: ["localhost", "127.0.0.1"] });
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

function greet(request, response) {
  const { socket } = request;
  response.setHeader("Content-Type", "text/plain");
  response.end(`Hello from this machine! You came over ${socket.getProtocol()} with ${socket.getCipher().name}.\n`);
}
