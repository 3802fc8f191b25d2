/** A Wisp client that does what it is told, right or wrong. */

import WebSocket from "ws";
import { CLOSE, CONTINUE, DATA, TCP, connectPacket, parsePacket } from "../../web/transports/wisp_packets.js";

/**
 * How a relay receives somebody: "welcome", or the code and reason of the WebSocket's close, or "no
 * answer".
 */
export function greeting(url, { headers = {} } = {}) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace(/^http/, "ws"), { headers });
    const done = (answer) => {
      resolve(answer);
      socket.close();
    };
    socket.on("message", () => done("welcome"));
    socket.on("close", (code, reason) => done(`${code} ${reason}`));
    socket.on("error", () => {});
  });
}

/** Opens a WebSocket to a relay; `packets` lists what came. */
export async function rawWisp(url, { headers = {} } = {}) {
  const socket = new WebSocket(url.replace(/^http/, "ws"), { headers });
  socket.setMaxListeners(0); // many may wait for packets
  const client = {
    socket,
    packets: [],
    closed: new Promise((resolve) => socket.on("close", (code, reason) => resolve({ code, reason: String(reason) }))),
    send: (...packets) => packets.forEach((packet) => socket.send(packet)),
    /** Asks for a stream to 127.0.0.1; resolves when it stands or was refused. */
    async connect(id, port, { host = "127.0.0.1", type = TCP } = {}) {
      const before = client.packets.length;
      socket.send(connectPacket(id, type, host, port));
      return client.next((packet) => packet.stream === id && (packet.type === CONTINUE || packet.type === CLOSE), before);
    },
    /** The first packet that fits, of those after the `from`th. */
    async next(fits, from = 0) {
      for (;;) {
        const found = client.packets.slice(from).find(fits);
        if (found) return found;
        await new Promise((resolve) => socket.once("message", resolve));
      }
    },
    /** What came on a stream, as text. */
    text: (id) => client.packets.filter(({ type, stream }) => type === DATA && stream === id).map(({ data }) => String(Buffer.from(data))).join(""),
  };
  socket.on("message", (data) => client.packets.push(parsePacket(data)));
  socket.on("error", () => {});
  await client.next(({ type, stream }) => type === CONTINUE && stream === 0);
  return client;
}
