/** What a DTLS server keeps for clients that have sent a ClientHello, and no cookie yet. */

import { cast } from "../../tests/support/pki.js";
import { DtlsSocket } from "../../web/dtls.js";

/** @import { SyncTransport } from "../../types/index.js" */

const [PROTOCOL_DTLS_CLIENT, PROTOCOL_DTLS_SERVER] = [2, 3];
const HELLO_VERIFY_REQUIRED = -27264;
const EAGAIN = 11;
const WARM_UP = 200;
const COUNT = 5000;

/**
 * Sends the ClientHellos of many clients to one context, each from an address of its own, as a
 * program serves them: the first `wrap_socket` sends the cookie and fails.
 *
 * @param {import("../../web/engine.js").Engine} engine
 * @returns {Promise<number>} Bytes by which the engine's memory grew, for one of them.
 */
export async function bytesPerHalfOpenClient(engine) {
  const { ca, server } = cast();
  const context = new engine.Context(PROTOCOL_DTLS_SERVER);
  context.setTime(Date.now() / 1000);
  context.loadCertChain(Buffer.from(server.chainPem), Buffer.from(server.keyPem));
  const hello = firstDatagram(engine, ca);
  /** @param {number} from @param {number} count */
  const come = (from, count) => {
    for (let i = from; i < from + count; i++) {
      const socket = new DtlsSocket(engine, context.connectDatagram(undefined, true, Buffer.from(`client ${i}`)), delivers(hello));
      socket.handshake();
      if (socket.failure?.errno !== HELLO_VERIFY_REQUIRED) throw socket.failure ?? new Error("a hello without a cookie was taken");
      socket.close();
    }
    return engine.bytes().length;
  };
  const before = come(0, WARM_UP);
  return (come(WARM_UP, COUNT) - before) / COUNT;
}

/**
 * @param {import("../../web/engine.js").Engine} engine
 * @param {import("../../tests/support/pki.js").Certificate} ca
 * @returns {Uint8Array}
 */
function firstDatagram(engine, ca) {
  const context = new engine.Context(PROTOCOL_DTLS_CLIENT);
  context.setTime(Date.now() / 1000);
  context.loadVerifyLocations(ca.der);
  let hello = new Uint8Array();
  /** @type {SyncTransport} */
  const transport = {
    recvInto: () => -EAGAIN,
    send(bytes, offset, length) {
      hello = bytes.slice(offset, offset + length);
      return length;
    },
  };
  new DtlsSocket(engine, context.connectDatagram(Buffer.from("localhost"), false), transport).handshake();
  return hello;
}

/** @param {Uint8Array} datagram @returns {SyncTransport} */
function delivers(datagram) {
  let left = 1;
  return {
    recvInto(bytes, offset) {
      if (left-- <= 0) return -EAGAIN;
      bytes.set(datagram, offset);
      return datagram.length;
    },
    send: (bytes, offset, length) => length,
  };
}
