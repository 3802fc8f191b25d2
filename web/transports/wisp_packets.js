/**
 * Packets of the Wisp protocol, version 1: many TCP and UDP streams over one WebSocket. Little-endian; a type, the stream's number,
 * and what the type needs. Source: the protocol's description by Mercury Workshop (wisp-protocol, protocol.md).
 *
 * Version 1 lets the server slow the client down (CONTINUE) but not the client the server, and never says that a connection stands.
 * A relay that can do better says so by the number in its first CONTINUE, TAKES_CREDIT: "I answer CONNECT with CONTINUE when the
 * connection stands, and I take credit". A client that wants it answers with a CONTINUE for stream 0, the bytes that each stream may
 * send it at first; each later CONTINUE of the client allows so many bytes more on that stream. To other clients it is a number.
 * To a client that gives credit such a relay says in CLOSE, behind the reason's number, in words why.
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

/** Codes of the WebSocket's close by which this project's relay refuses a client; the close's reason says why in words. */
export const REFUSAL = {
  TOKEN: 4401,
  ORIGIN: 4403,
  TOO_MANY: 4429,
  UNAVAILABLE: 4503,
};

/** The packets that a relay which takes credit takes on each stream to begin with: no round number, as other relays have. */
export const TAKES_CREDIT = 61;

export const HEADER_BYTES = 5;
/** Payload of the largest packet that is sent here. */
export const MAX_DATA = 32 * 1024;

const LONGEST_WHY = 512;

/** @returns {Uint8Array} */
export function connectPacket(stream, type, host, port) {
  const name = new TextEncoder().encode(host);
  const packet = newPacket(CONNECT, stream, 3 + name.length);
  viewOf(packet).setUint8(5, type);
  viewOf(packet).setUint16(6, port, true);
  packet.set(name, 8);
  return packet;
}

/** @returns {Uint8Array} */
export function dataPacket(stream, bytes) {
  const packet = newPacket(DATA, stream, bytes.length);
  packet.set(bytes, HEADER_BYTES);
  return packet;
}

/** @returns {Uint8Array} */
export function continuePacket(stream, credit) {
  const packet = newPacket(CONTINUE, stream, 4);
  viewOf(packet).setUint32(5, credit, true);
  return packet;
}

/** @returns {Uint8Array} */
export function closePacket(stream, reason, why = "") {
  const text = new TextEncoder().encode(why);
  const packet = newPacket(CLOSE, stream, 1 + text.length);
  packet[5] = reason;
  packet.set(text, 6);
  return packet;
}

/**
 * @typedef {object} Packet
 * @property {number} type
 * @property {number} stream
 * @property {Uint8Array} [data] Of DATA: a view on the message.
 * @property {number} [credit] Of CONTINUE.
 * @property {number} [reason] Of CLOSE.
 * @property {string} [why] Of CLOSE: more about the reason, or nothing.
 * @property {number} [streamType] Of CONNECT.
 * @property {string} [host] Of CONNECT.
 * @property {number} [port] Of CONNECT.
 */

/**
 * @param {Uint8Array | string} message
 * @returns {Packet | null} null for what is not a packet; types that are not known have nothing but their number.
 */
export function parsePacket(message) {
  if (typeof message === "string" || message.length < HEADER_BYTES) return null;
  const view = viewOf(message);
  const length = message.length - HEADER_BYTES;
  const packet = { type: message[0], stream: view.getUint32(1, true) };
  switch (packet.type) {
    case CONNECT:
      if (length < 3) return null;
      packet.streamType = message[5];
      packet.port = view.getUint16(6, true);
      packet.host = new TextDecoder().decode(message.subarray(8));
      return packet;
    case DATA:
      packet.data = message.subarray(HEADER_BYTES);
      return packet;
    case CONTINUE:
      if (length < 4) return null;
      packet.credit = view.getUint32(5, true);
      return packet;
    case CLOSE:
      if (length < 1) return null;
      packet.reason = message[5];
      packet.why = new TextDecoder().decode(message.subarray(6, 6 + LONGEST_WHY));
      return packet;
  }
  return packet;
}

function newPacket(type, stream, length) {
  const packet = new Uint8Array(HEADER_BYTES + length);
  packet[0] = type;
  viewOf(packet).setUint32(1, stream, true);
  return packet;
}

function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
