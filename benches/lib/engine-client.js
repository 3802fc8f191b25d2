/** A TLS client in JavaScript: our engine over a TCP socket of Node's. */

import { connect } from "node:net";
import { BLOCKED, FAILED, TlsSocket } from "../../web/tls.js";

/** @import { Engine } from "../../web/engine.js" */

const PROTOCOL_TLS_CLIENT = 0;
const CERT_REQUIRED = 2;
const EAGAIN = 11;
const READ_SIZE = 64 * 1024;

// Shared by all connections, since what comes is read at once.
const ciphertext = Buffer.alloc(READ_SIZE);
const plaintext = new Uint8Array(READ_SIZE);

/**
 * A client's context that verifies the server.
 *
 * @param {Engine} engine
 * @param {string} ca In PEM.
 */
export function makeContext(engine, ca) {
  const context = new engine.Context(PROTOCOL_TLS_CLIENT);
  context.verifyMode = CERT_REQUIRED;
  context.setSessionResumption(false); // a full handshake each time, as the reference does
  context.setTime(Date.now() / 1000);
  context.loadVerifyLocations(Buffer.from(ca));
  return context;
}

/**
 * Connects, shakes hands and reads the greeting.
 *
 * @param {Engine} engine
 * @param {ReturnType<typeof makeContext>} context
 * @param {number} port
 * @returns {Promise<import("../clients/frame.js").Connection>}
 */
export function open(engine, context, port) {
  return new Promise((resolve, reject) => {
    let expected = 1; // the greeting
    /** @type {() => void} */
    let arrived = () => resolve(connection);
    /** @type {Uint8Array} */
    let waiting = Buffer.alloc(0);
    /** @param {number} count @param {Uint8Array} buffer */
    const callback = (count, buffer) => {
      waiting = buffer.subarray(0, count);
      turn();
      return true;
    };
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread: { buffer: ciphertext, callback } });
    /** @type {import("../../types/index.js").SyncTransport} */
    const transport = {
      recvInto(bytes, offset, length) {
        if (!waiting.length) return -EAGAIN;
        const count = Math.min(length, waiting.length);
        bytes.set(waiting.subarray(0, count), offset);
        waiting = waiting.subarray(count);
        return count;
      },
      send(bytes, offset, length) {
        socket.write(Buffer.from(bytes.subarray(offset, offset + length)));
        return length;
      },
    };
    const tls = new TlsSocket(engine, context.connect(Buffer.from("localhost"), false), transport);
    const turn = () => {
      for (;;) {
        const count = tls.read(() => plaintext, 0, READ_SIZE);
        if (count === BLOCKED) return;
        if (count === FAILED || count === 0) return void reject(tls.failure ?? new Error("the server is gone"));
        expected -= count;
        if (expected === 0) arrived();
      }
    };
    /** @type {import("../clients/frame.js").Connection} */
    const connection = {
      download(bytes) {
        return new Promise((resolve) => {
          expected = bytes;
          arrived = resolve;
          const request = Buffer.from(`${bytes}\n`);
          tls.write(() => request, 0, request.length);
        });
      },
      close() {
        tls.close();
        socket.destroy();
      },
    };
    socket.once("error", reject);
    socket.once("connect", turn);
  });
}
