/** The package in one file, with its wasm and MicroPython's, for pages that can fetch nothing. */

export { createTransport, inPage, installMicroPython, loopback, startMicroPython, streams, TransportError, websockify, wisp, wsproxy } from "./index.js";

/** The engine's wasm, for installMicroPython(). */
export const engine: Uint8Array;
