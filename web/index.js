/**
 * micropython-ssl: TLS for MicroPython in WebAssembly, and for JavaScript that brings its own transport.
 *
 * @module
 */

export { MicroPython, startMicroPython } from "./browser/micropython.js";
export { installMicroPython } from "./browser/install.js";
export { startNetwork } from "./browser/network.js";
export { loadEngine } from "./engine.js";
export { DtlsSocket } from "./dtls.js";
export { BLOCKED, FAILED, RAISED, TlsSocket } from "./tls.js";
export { createTransport, inPage, loopback, streams, TransportError, websockify, wisp, wsproxy } from "./transports/index.js";
