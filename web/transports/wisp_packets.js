/**
 * Packets of the Wisp protocol, version 1: many TCP and UDP streams over one WebSocket.
 * Little-endian; a type, the stream's number, and what the type needs. Source: the protocol's
 * description by Mercury Workshop (wisp-protocol, protocol.md).
 *
 * Version 1 lets the server make the client wait (CONTINUE), but not the client the server. It has
 * no packet for an established connection. This project's relay has both. It shows this by the
 * number in its first CONTINUE, TAKES_CREDIT, which other clients take as a plain number. Such a
 * relay answers CONNECT with CONTINUE when the connection is established, and it takes credit. A
 * client that gives credit answers the first CONTINUE with a CONTINUE for stream 0: the number of
 * bytes that each stream may send to it at first. Each later CONTINUE of the client allows so many
 * more bytes on that stream. CLOSE to such a client has a text after the reason's number.
 */

export const CONNECT = 0x01;
export const DATA = 0x02;
export const CONTINUE = 0x03;
export const CLOSE = 0x04;

export const TCP = 0x01;
export const UDP = 0x02;

/** Why a stream was closed. */
export const REASON = {
  UNKNOWN: 0x01,
  VOLUNTARY: 0x02,
  NETWORK_ERROR: 0x03,
  INVALID: 0x41,
  UNREACHABLE: 0x42,
  TIMED_OUT: 0x43,
  REFUSED: 0x44,
  TRANSFER_TIMED_OUT: 0x47,
  BLOCKED: 0x48,
  THROTTLED: 0x49,
  CLIENT_ERROR: 0x81,
};

/**
 * Close codes of the WebSocket with which this project's relay refuses a client. The close's reason
 * is a text.
 */
export const REFUSAL = {
  TOKEN: 4401,
  ORIGIN: 4403,
  TOO_MANY: 4429,
  UNAVAILABLE: 4503,
};

/**
 * The number in the first CONTINUE of a relay that takes credit: it takes so many packets on each
 * stream at first. Other relays have round numbers.
 */
export const TAKES_CREDIT = 61;

const HEADER_BYTES = 5;
/** The largest payload of a packet that this package sends. */
export const MAX_DATA = 32 * 1024;

const LONGEST_WHY = 512;

/**
 * @param {number} stream
 * @param {number} type
 * @param {string} host
 * @param {number} port
 * @returns {Uint8Array}
 */
export function connectPacket(stream, type, host, port) {
  const name = new TextEncoder().encode(host);
  const packet = newPacket(CONNECT, stream, 3 + name.length);
  viewOf(packet).setUint8(5, type);
  viewOf(packet).setUint16(6, port, true);
  packet.set(name, 8);
  return packet;
}

/** @returns {Uint8Array} @param {number} stream @param {Uint8Array} bytes */
export function dataPacket(stream, bytes) {
  const packet = newPacket(DATA, stream, bytes.length);
  packet.set(bytes, HEADER_BYTES);
  return packet;
}

/** @returns {Uint8Array} @param {number} stream @param {number} credit */
export function continuePacket(stream, credit) {
  const packet = newPacket(CONTINUE, stream, 4);
  viewOf(packet).setUint32(5, credit, true);
  return packet;
}

/** @returns {Uint8Array} @param {number} stream @param {number} reason */
export function closePacket(stream, reason, why = "") {
  const text = new TextEncoder().encode(why);
  const packet = newPacket(CLOSE, stream, 1 + text.length);
  packet[5] = reason;
  packet.set(text, 6);
  return packet;
}

/**
 * @typedef {object} ConnectPacket
 * @property {typeof CONNECT} type
 * @property {number} stream
 * @property {number} streamType
 * @property {string} host
 * @property {number} port
 *
 * @typedef {object} DataPacket
 * @property {typeof DATA} type
 * @property {number} stream
 * @property {Uint8Array} data A view on the message.
 *
 * @typedef {object} ContinuePacket
 * @property {typeof CONTINUE} type
 * @property {number} stream
 * @property {number} credit
 *
 * @typedef {object} ClosePacket
 * @property {typeof CLOSE} type
 * @property {number} stream
 * @property {number} reason
 * @property {string} why The text of the reason, or empty.
 *
 * @typedef {ConnectPacket | DataPacket | ContinuePacket | ClosePacket} Packet
 */

/**
 * @param {Uint8Array | string} message
 * @returns {Packet | {type: 0, stream: number} | null} null for bytes that are not a packet; type 0
 *   for an unknown type.
 */
export function parsePacket(message) {
  if (typeof message === "string" || message.length < HEADER_BYTES) return null;
  const view = viewOf(message);
  const length = message.length - HEADER_BYTES;
  const stream = view.getUint32(1, true);
  switch (message[0]) {
    case CONNECT: {
      if (length < 3) return null;
      const host = new TextDecoder().decode(message.subarray(8));
      return { type: CONNECT, stream, streamType: message[5], host, port: view.getUint16(6, true) };
    }
    case DATA:
      return { type: DATA, stream, data: message.subarray(HEADER_BYTES) };
    case CONTINUE:
      return length < 4 ? null : { type: CONTINUE, stream, credit: view.getUint32(5, true) };
    case CLOSE: {
      if (length < 1) return null;
      const why = new TextDecoder().decode(message.subarray(6, 6 + LONGEST_WHY));
      return { type: CLOSE, stream, reason: message[5], why };
    }
  }
  return { type: 0, stream };
}

/** @param {number} type @param {number} stream @param {number} length */
function newPacket(type, stream, length) {
  const packet = new Uint8Array(HEADER_BYTES + length);
  packet[0] = type;
  viewOf(packet).setUint32(1, stream, true);
  return packet;
}

/** @param {Uint8Array} bytes */
function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
