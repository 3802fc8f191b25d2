/** A TLS client in JavaScript: Node's native tls. */

import { connect, createSecureContext } from "node:tls";

/**
 * @param {object} options
 * @param {number} options.port
 * @param {string} options.ca
 * @param {Buffer} [options.buffer] Plaintext is read into it; without it every piece comes in a
 *   buffer of its own, as usual.
 * @returns {import("../clients/frame.js").Client}
 */
export function nodeClient({ port, ca, buffer }) {
  const secureContext = createSecureContext({ ca });
  return {
    open: () =>
      new Promise((resolve, reject) => {
        let expected = 1; // the greeting
        /** @type {() => void} */
        let arrived = () => resolve(connection);
        /** @param {number} count */
        const take = (count) => {
          expected -= count;
          if (expected === 0) arrived();
          return true;
        };
        const onread = buffer && { buffer, callback: take };
        const options = { port, host: "127.0.0.1", servername: "localhost", secureContext, noDelay: true, onread };
        const socket = connect(options);
        if (!buffer) socket.on("data", ({ length }) => take(length));
        socket.once("error", reject);
        /** @type {import("../clients/frame.js").Connection} */
        const connection = {
          download(bytes) {
            return new Promise((resolve) => {
              expected = bytes;
              arrived = resolve;
              socket.write(`${bytes}\n`);
            });
          },
          close: () => void socket.destroy(),
        };
      }),
  };
}
