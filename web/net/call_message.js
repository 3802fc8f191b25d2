/**
 * A call of the network, or its answer, as bytes: the length of the JSON as a u32, the JSON, and
 * the payload.
 */

/** The most bytes of a socket that one answer brings. */
export const READ_AHEAD = 256 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * @param {object} fields
 * @param {Uint8Array} [payload]
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function packCall(fields, payload = new Uint8Array(0)) {
  const json = encoder.encode(JSON.stringify(fields));
  const message = new Uint8Array(4 + json.length + payload.length);
  new DataView(message.buffer).setUint32(0, json.length);
  message.set(json, 4);
  message.set(payload, 4 + json.length);
  return message;
}

/** @param {ArrayBuffer} buffer @returns {{fields: any, payload: Uint8Array}} */
export function unpackCall(buffer) {
  const start = 4 + new DataView(buffer).getUint32(0);
  return { fields: JSON.parse(decoder.decode(new Uint8Array(buffer, 4, start - 4))), payload: new Uint8Array(buffer, start) };
}
