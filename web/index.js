/**
 * micropython-ssl: TLS for MicroPython in WebAssembly, and for JavaScript that brings its own transport.
 *
 * @module
 */

export { loadEngine } from "./engine.js";
export { BLOCKED, FAILED, TlsSocket } from "./tls.js";
