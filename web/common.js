/**
 * The exports that every runtime has. index.js and index.node.js add sockets for JavaScript.
 */

export { MicroPython, startMicroPython } from "./browser/micropython.js";
export { startNetwork } from "./browser/network.js";
export { loadEngine } from "./engine.js";
export { DtlsSocket } from "./dtls.js";
export { BLOCKED, FAILED, RAISED, TlsSocket } from "./tls.js";
export { createTransport, inPage, loopback, streams, Transport, TransportError, websockify, wisp, wsproxy } from "./transports/index.js";
export { SocketError } from "./sockets/errors.js";
export { Listener } from "./sockets/listener.js";
export { DatagramSocket } from "./sockets/datagram_socket.js";
export { Socket } from "./sockets/socket.js";
