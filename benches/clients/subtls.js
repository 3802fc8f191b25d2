/**
 * subtls: TLS 1.3 in TypeScript on WebCrypto, over a TCP socket of Node's: `subtls.js FOLDER …`.
 */

import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { main } from "./frame.js";

const [folder] = process.argv.slice(2);

// It wants certificates to say that they are for servers; without a word they are for anything.
const OPTIONS = { requireServerTlsExtKeyUsage: false, requireDigitalSigKeyUsage: false };

await main(async ({ port, ca }) => {
  const { SocketReadQueue, TrustedCert, startTls } = await import(join(folder, "index.js"));
  const roots = await TrustedCert.databaseFromPEM(ca);
  return { open: () => open({ SocketReadQueue, startTls, roots, port }) };
});

/** @param {{SocketReadQueue: any, startTls: any, roots: unknown, port: number}} options */
async function open({ SocketReadQueue, startTls, roots, port }) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const queue = new SocketReadQueue(socket);
  const read = (/** @type {unknown[]} */ ...args) => queue.read(...args);
  const write = (/** @type {Uint8Array} */ data) => void socket.write(data);
  const tls = await startTls("localhost", roots, read, write, OPTIONS);
  /** @param {number} bytes */
  const take = async (bytes) => {
    for (let left = bytes; left > 0; ) left -= (await tls.read()).length;
  };
  await take(1); // the greeting
  return {
    /** @param {number} bytes */
    async download(bytes) {
      await tls.write(Buffer.from(`${bytes}\n`));
      await take(bytes);
    },
    close: () => void socket.destroy(),
  };
}
