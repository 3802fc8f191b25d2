/** Two ends of a TLS connection in one thread, joined by byte queues: no sockets, no waiting. */

import { TlsSocket } from "../../web/tls.js";

/**
 * @import { Context } from "../../types/index.js"
 * @import { SyncTransport } from "../../types/index.js"
 * @import { Engine } from "../../web/engine.js"
 * @import { Certificate } from "./pki.js"
 */

const EAGAIN = 11;

/**
 * A pair of transports; what one sends the other receives. `close()` on one is the end for the
 * other.
 */
export function wire() {
  /** @type {Uint8Array[][]} */
  const queues = [[], []];
  const ended = [false, false];
  /** @param {number} own @param {number} other @returns {SyncTransport & {close: () => void}} */
  const end = (own, other) => ({
    send(bytes, offset, length) {
      queues[other].push(bytes.slice(offset, offset + length));
      return length;
    },
    recvInto(bytes, offset, length) {
      const first = queues[own][0];
      if (first === undefined) return ended[own] ? 0 : -EAGAIN;
      const count = Math.min(length, first.length);
      bytes.set(first.subarray(0, count), offset);
      if (count === first.length) queues[own].shift();
      else queues[own][0] = first.subarray(count);
      return count;
    },
    close() {
      ended[other] = true;
    },
  });
  return [end(0, 1), end(1, 0)];
}

/**
 * A client and a server over a wire, shaken hands.
 *
 * @param {Engine} engine
 * @param {Context} clientContext
 * @param {Context} serverContext
 */
export function connectedPair(engine, clientContext, serverContext, name = "localhost") {
  const [left, right] = wire();
  const client = new TlsSocket(engine, clientContext.connect(Buffer.from(name), false), left);
  const server = new TlsSocket(engine, serverContext.connect(undefined, true), right);
  for (let turn = 0; turn < 4; turn++) {
    client.handshake();
    server.handshake();
  }
  return { client, server, left, right };
}

/**
 * Contexts for both sides: a CA and a server certificate of tests/support/pki.js.
 *
 * @param {Engine} engine
 * @param {{ca: Certificate, server: Certificate}} people
 */
export function contexts(engine, { ca, server }) {
  const clientContext = new engine.Context(0);
  clientContext.setTime(Date.now() / 1000);
  clientContext.loadVerifyLocations(ca.der);
  const serverContext = new engine.Context(1);
  serverContext.setTime(Date.now() / 1000);
  serverContext.loadCertChain(Buffer.from(server.chainPem), Buffer.from(server.keyPem));
  return { clientContext, serverContext };
}
