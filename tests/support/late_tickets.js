/** A TLS server that reads nothing and sends no ticket until it is told to. */

import net from "node:net";
import { listen } from "./runner.js";
import { tlsServer } from "./servers.js";

/**
 * Takes one connection. `release()` sends the tickets of TLS 1.3, and reads after that; `received`
 * resolves with the number of bytes that the server has got when the connection has ended.
 *
 * @param {import("node:test").TestContext} t
 * @param {import("./pki.js").Certificate} certificate
 */
export async function lateTickets(t, certificate) {
  let release = async () => {};
  /** @type {(length: number) => void} */
  let ended = () => {};
  /** @type {(data: Uint8Array) => void} */
  let came = () => {};
  /** @type {Promise<number>} */
  const received = new Promise((resolve) => (ended = resolve));
  /** @type {Promise<Uint8Array>} */
  const tickets = new Promise((resolve) => (came = resolve));
  const server = await tlsServer(certificate, (socket) => {
    let length = 0;
    socket.on("data", (data) => (length += data.length));
    socket.on("error", () => {});
    socket.on("close", () => ended(length));
  });
  t.after(server.stop);
  const port = await listen(t, net.createServer({ allowHalfOpen: true }, (client) => {
    const upstream = net.connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    let flights = 0;
    client.on("data", (data) => {
      upstream.write(data);
      // The ClientHello was the first; with the next the handshake is done.
      flights += 1;
      if (flights === 2) client.pause();
    });
    upstream.on("data", (data) => (flights < 2 ? client.write(data) : came(data)));
    upstream.on("end", () => client.end());
    client.on("end", () => upstream.end());
    // A reset of the client's looks to the server like an end.
    client.on("error", () => upstream.end());
    upstream.on("error", () => {});
    release = async () => void client.write(await tickets, () => client.resume());
  }));
  return { port, received, release: () => release() };
}
