/** connect(), as JavaScript programs use it: Web streams, and a reader that brings one buffer. */

import { connect } from "../../web/index.node.js";
import { main } from "./frame.js";

const BUFFER = 64 * 1024;

await main(async ({ port, ca }) => ({
  async open() {
    const socket = connect({ hostname: "127.0.0.1", port }, { secureTransport: "on", ca, sni: "localhost" });
    const reader = socket.readable.getReader({ mode: "byob" });
    const writer = socket.writable.getWriter();
    let memory = new ArrayBuffer(BUFFER);
    /** @param {number} count */
    async function receive(count) {
      while (count > 0) {
        const { done, value } = await reader.read(new Uint8Array(memory));
        if (done) throw new Error("the server is gone");
        count -= value.length;
        memory = value.buffer;
      }
    }
    await receive(1); // the greeting
    return {
      async download(bytes) {
        await writer.write(new TextEncoder().encode(`${bytes}\n`));
        await receive(bytes);
      },
      close: () => void socket.close(),
    };
  },
}));
