/** Requests that become no WebSocket. */

/** Milliseconds for a client to close its side, or to answer the WebSocket's close. */
export const CLOSING = 1000;

/**
 * Answers such a request, and closes its socket soon, whatever the client does: an HTTP server has
 * no timeout for it any more.
 *
 * @param {import("node:stream").Duplex} socket
 * @param {string} status
 */
export function answerUpgrade(socket, status) {
  socket.on("error", () => {}).end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  setTimeout(() => socket.destroy(), CLOSING).unref();
}
