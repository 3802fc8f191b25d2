/** libcurl.js: curl with Mbed TLS in wasm, over a Wisp relay: `libcurl.js FOLDER RELAY …`. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { WebSocket } from "ws";
import { main } from "./frame.js";

/** @import { Connection } from "./frame.js" */

const [folder, relay] = process.argv.slice(2);

// It refuses to run in Node, so that it sees a worker of a page.
Object.assign(globalThis, { WebSocket, importScripts() {}, self: globalThis, location: { href: "file:///" } });
new Response(); // loads what wants to know Node's version
globalThis.fetch = async (path) => new Response(readFileSync(String(path)), { headers: { "content-type": "application/wasm" } });
Object.defineProperty(process, "versions", { value: {} });

/** @type {WebAssembly.Memory} */
let memory;
const { instantiateStreaming } = WebAssembly;
WebAssembly.instantiateStreaming = async (...args) => {
  const result = await instantiateStreaming(...args);
  memory = /** @type {WebAssembly.Memory} */ (result.instance.exports.memory);
  return result;
};

await main(async ({ port, ca }) => {
  const { libcurl } = await import(join(folder, "libcurl.mjs"));
  await libcurl.load_wasm(join(folder, "libcurl.wasm"));
  trust(libcurl.get_cacert(), ca);
  libcurl.set_websocket(relay);
  return { open: () => open(libcurl, port) };
});

/**
 * Puts an authority in the place of the built-in ones: it cannot be told whom to trust.
 *
 * @param {string} builtIn
 * @param {string} ca
 */
function trust(builtIn, ca) {
  const bytes = Buffer.from(memory.buffer);
  const at = bytes.indexOf(builtIn);
  bytes.fill("\n", at, at + builtIn.length);
  bytes.write(ca, at);
}

/** @param {any} libcurl @param {number} port @returns {Promise<Connection>} */
function open(libcurl, port) {
  return new Promise((resolve, reject) => {
    let expected = 1; // the greeting
    /** @type {() => void} */
    let arrived = () => resolve(connection);
    const socket = new libcurl.TLSSocket("localhost", port);
    socket.onerror = (/** @type {number} */ code) => reject(new Error(libcurl.get_error_string(code)));
    socket.onmessage = (/** @type {Uint8Array} */ { length }) => {
      expected -= length;
      if (expected === 0) arrived();
    };
    /** @type {Connection} */
    const connection = {
      download(bytes) {
        return new Promise((resolve) => {
          expected = bytes;
          arrived = resolve;
          socket.send(Buffer.from(`${bytes}\n`));
        });
      },
      close: () => socket.close(),
    };
  });
}
