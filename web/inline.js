/**
 * The package in one file, dist/inline.js, for pages that can fetch nothing, for example at
 * file://. MicroPython runs on the page's own thread: mode "async" of startMicroPython().
 */

import micropythonText from "@micropython/micropython-webassembly-pyscript/micropython.mjs";
import micropythonWasm from "@micropython/micropython-webassembly-pyscript/micropython.wasm";
import engine from "../dist/engine/micropython_ssl_bg.wasm";
import { startAsync } from "./browser/async_mode.js";

export { installMicroPython } from "./browser/install.js";
export { createTransport, inPage, loopback, streams, TransportError, websockify, wisp, wsproxy } from "./transports/index.js";

/** The engine's wasm, for installMicroPython(). @type {Uint8Array} */
export { engine };

/**
 * Starts MicroPython on this thread.
 *
 * @param {import("./browser/start_options.js").StartOptions} [options]
 */
export async function startMicroPython(options = {}) {
  const { mode = "async" } = options;
  if (mode !== "async" && mode !== "auto") throw new TypeError(`the inlined build has mode "async" only, not ${JSON.stringify(mode)}`);
  const addresses = [
    URL.createObjectURL(new Blob([micropythonText], { type: "text/javascript" })),
    URL.createObjectURL(new Blob([micropythonWasm], { type: "application/wasm" })),
  ];
  try {
    return await startAsync({ engine, micropython: addresses[0], micropythonWasm: addresses[1], ...options });
  } finally {
    addresses.forEach((address) => URL.revokeObjectURL(address));
  }
}
