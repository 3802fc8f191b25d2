/** A Wisp client that does what it is told, right or wrong. */

import WebSocket from "ws";
import { CLOSE, CONTINUE, DATA, TCP, connectPacket, parsePacket } from "../../web/transports/wisp_packets.js";

/** @typedef {NonNullable<ReturnType<typeof parsePacket>>} Packet */

/**
 * How a relay answers a new WebSocket: "welcome", or the code and reason with which it closes it.
 *
 * @param {string} url
 * @param {{headers?: Record<string, string>}} [options]
 * @returns {Promise<string>}
 */
export function greeting(url, { headers = {} } = {}) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace(/^http/, "ws"), { headers });
    /** @param {string} answer */
    const done = (answer) => {
      resolve(answer);
      socket.close();
    };
    socket.on("message", () => done("welcome"));
    socket.on("close", (code, reason) => done(`${code} ${reason}`));
    socket.on("error", () => {});
  });
}

/**
 * Opens a WebSocket to a relay; `packets` lists what came.
 *
 * @param {string} url
 * @param {{headers?: Record<string, string>}} [options]
 */
export async function rawWisp(url, { headers = {} } = {}) {
  const socket = new WebSocket(url.replace(/^http/, "ws"), { headers });
  socket.setMaxListeners(0); // many may wait for packets
  /** @type {Packet[]} */
  const packets = [];
  /** @type {Promise<{code: number, reason: string}>} */
  const closed = new Promise((resolve) => socket.on("close", (code, reason) => resolve({ code, reason: String(reason) })));
  const client = {
    socket,
    packets,
    closed,
    /** @param {...Uint8Array} packets */
    send: (...packets) => packets.forEach((packet) => socket.send(packet)),
    /**
     * Asks for a stream to 127.0.0.1; resolves when the target has answered or was refused.
     *
     * @param {number} id
     * @param {number} port
     * @returns {Promise<{type: number, stream: number, reason?: number}>} The relay's answer.
     */
    async connect(id, port, { host = "127.0.0.1", type = TCP } = {}) {
      const before = packets.length;
      socket.send(connectPacket(id, type, host, port));
      return client.next((packet) => packet.stream === id && (packet.type === CONTINUE || packet.type === CLOSE), before);
    },
    /**
     * The first packet that fits, of those after the `from`th.
     *
     * @param {(packet: Packet) => boolean} fits
     * @returns {Promise<Packet>}
     */
    async next(fits, from = 0) {
      for (;;) {
        const found = packets.slice(from).find(fits);
        if (found) return found;
        await new Promise((resolve) => socket.once("message", resolve));
      }
    },
    /** What came on a stream, as text. @param {number} id */
    text: (id) => packets.flatMap((packet) => (packet.type === DATA && packet.stream === id ? [String(Buffer.from(packet.data))] : [])).join(""),
  };
  socket.on("message", (data) => {
    const packet = parsePacket(/** @type {Buffer} */ (data));
    if (packet) packets.push(packet);
  });
  socket.on("error", () => {});
  await client.next(({ type, stream }) => type === CONTINUE && stream === 0);
  return client;
}
