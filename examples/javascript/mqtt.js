/**
 * MQTT 3.1.1 over TLS, in Node and in pages: publishes a message and resolves with it when it comes
 * back.
 *
 *     node examples/javascript/mqtt.js broker.example:8883 room/kitchen "21 degrees" [ca.pem]
 *
 * @module
 */

import { connect } from "micropython-ssl";

const CONNACK = 0x20;
const PUBLISH = 0x30;
const SUBACK = 0x90;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * @param {string} address "host:port"
 * @param {string} topic
 * @param {string} message
 * @param {import("micropython-ssl").ConnectOptions} [options] `ca`, `cert`, `key`, `alpn`,
 *   `transport`, `signal`.
 * @returns {Promise<{topic: string, message: string}>}
 */
export async function echo(address, topic, message, options = {}) {
  const socket = connect(address, { secureTransport: "on", ...options });
  const writer = socket.writable.getWriter();
  const packets = packetsOf(socket.readable);
  /** @param {number} kind @param {ArrayLike<number>[]} parts */
  const send = (kind, ...parts) => writer.write(packet(kind, parts));

  await send(0x10, text("MQTT"), [4, 2, 0, 60], text("example"));
  const { body: accepted } = await next(packets, CONNACK);
  if (accepted[1] !== 0) throw new Error(`the broker refuses the client: ${accepted[1]}`);
  await send(0x82, [0, 1], text(topic), [0]);
  await next(packets, SUBACK);
  await send(PUBLISH, text(topic), encoder.encode(message));
  const { body } = await next(packets, PUBLISH);
  await send(0xe0);
  await socket.close();
  const length = body[0] * 256 + body[1];
  return { topic: decoder.decode(body.subarray(2, 2 + length)), message: decoder.decode(body.subarray(2 + length)) };
}

/**
 * The next packet of a kind; others are passed over.
 *
 * @param {ReturnType<typeof packetsOf>} packets
 * @param {number} kind
 */
async function next(packets, kind) {
  for (;;) {
    const { done, value } = await packets.next();
    if (done) throw new Error("the broker has closed the connection");
    if ((value.kind & 0xf0) === kind) return value;
  }
}

/** Cuts what comes into packets. @param {ReadableStream<Uint8Array>} readable */
async function* packetsOf(readable) {
  let bytes = new Uint8Array(0);
  for await (const chunk of chunksOf(readable)) {
    bytes = joined([bytes, chunk]);
    for (let found; (found = firstPacket(bytes)); bytes = bytes.subarray(found.end)) yield found;
  }
}

/** Not every browser iterates streams. @param {ReadableStream<Uint8Array>} readable */
async function* chunksOf(readable) {
  const reader = readable.getReader();
  for (let read; !(read = await reader.read()).done; ) yield read.value;
}

/** @param {Uint8Array} bytes */
function firstPacket(bytes) {
  let length = 0;
  for (let at = 1; at < bytes.length && at < 5; at++) {
    length += (bytes[at] & 127) * 128 ** (at - 1);
    if (bytes[at] < 128) {
      const end = at + 1 + length;
      return end <= bytes.length ? { kind: bytes[0], body: bytes.subarray(at + 1, end), end } : null;
    }
  }
  return null;
}

/** @param {number} kind @param {ArrayLike<number>[]} parts */
function packet(kind, parts) {
  const body = joined(parts);
  const length = [];
  let rest = body.length;
  for (; rest > 127; rest = Math.floor(rest / 128)) length.push((rest & 127) | 128);
  return joined([[kind, ...length, rest], body]);
}

/** @param {string} value */
function text(value) {
  const bytes = encoder.encode(value);
  return joined([[bytes.length >> 8, bytes.length & 255], bytes]);
}

/** @param {ArrayLike<number>[]} parts */
function joined(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

if (globalThis.process?.argv?.[1]?.endsWith("mqtt.js")) {
  const { readFileSync } = await import("node:fs");
  const [address, topic, message, ca] = process.argv.slice(2);
  console.log(await echo(address, topic, message, ca ? { ca: readFileSync(ca) } : {}));
}
