/** Closes a TCP socket of Node so that its peer receives everything that was written. */

/** How long the peer has to close once everything is sent, in milliseconds. */
const LINGER = 1000;

/**
 * Ends the connection after what was written. When bytes arrive at a socket that is gone, such as
 * the tickets of TLS 1.3, the kernel resets the connection and loses what the peer has not received
 * yet. So what still comes is read and dropped, until the peer closes too. A socket that is paused
 * has more unread bytes than anybody wants, and is closed at once.
 *
 * @param {import("node:net").Socket} socket
 */
export function closeGently(socket) {
  if (socket.isPaused()) return void socket.end(() => socket.destroy());
  socket.resume();
  socket.end(() => void setTimeout(() => socket.destroy(), LINGER).unref());
}
