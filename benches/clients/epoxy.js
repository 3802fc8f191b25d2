/** epoxy-tls: rustls with ring in wasm, over a Wisp relay: `epoxy.js FOLDER RELAY …`. */

import { join } from "node:path";
import { WebSocket } from "ws";
import { main } from "./frame.js";

const [folder, relay] = process.argv.slice(2);

// What it takes for granted of a page: WebSocket, and a base for relative URLs.
class RelativeRequest extends Request {
  /** @param {string} url @param {RequestInit} options */
  constructor(url, options) {
    super(url || "http://localhost/", options);
  }
}
Object.assign(globalThis, { WebSocket, Request: RelativeRequest });

await main(async ({ port, ca }) => {
  const { default: init, EpoxyClient, EpoxyClientOptions } = await import(join(folder, "full/epoxy-bundled.js"));
  await init();
  const options = new EpoxyClientOptions();
  options.pem_files = [ca];
  options.wisp_v2 = false;
  options.udp_extension_required = false;
  const client = new EpoxyClient(relay, options);
  return { open: () => open(client, port) };
});

/** @param {any} client @param {number} port */
async function open(client, port) {
  const { read, write } = await client.connect_tls(`localhost:${port}`);
  const reader = read.getReader();
  const writer = write.getWriter();
  /** @param {number} bytes */
  const take = async (bytes) => {
    for (let left = bytes; left > 0; ) left -= (await reader.read()).value.length;
  };
  await take(1); // the greeting
  return {
    /** @param {number} bytes */
    async download(bytes) {
      await writer.write(new TextEncoder().encode(`${bytes}\n`));
      await take(bytes);
    },
    close() {
      writer.close().catch(() => {});
      reader.cancel().catch(() => {});
    },
  };
}
