/** The rings by which the bytes of a socket go from thread to thread. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Ring } from "../../web/net/ring.js";

const SIZE = 256;
const [HEAD, TAIL, START] = [0, 1, 2];

/** Both ends of a ring whose positions are about to begin anew. */
function ring() {
  const memory = new SharedArrayBuffer(16 + SIZE);
  const words = new Int32Array(memory, 0, 4);
  words[HEAD] = words[TAIL] = -100;
  const bytes = new Uint8Array(memory, 16);
  return { bytes, writer: new Ring(words, HEAD, TAIL, START, bytes), reader: new Ring(words, HEAD, TAIL, START, bytes) };
}

test("what goes in comes out, however much at a time", () => {
  const { writer, reader } = ring();
  let [written, read] = [0, 0];
  /** @param {Uint8Array} bytes */
  const numbered = (bytes) => bytes.forEach((_, at) => (bytes[at] = written + at));
  for (let turn = 0; turn < 20_000; turn++) {
    const source = new Uint8Array((turn * 7) % 90);
    numbered(source);
    written += writer.write(source, 0, source.length);
    const space = writer.free > 0 ? writer.space((turn * 5) % 40) : source.subarray(0, 0);
    numbered(space);
    writer.produced(space.length);
    written += space.length;
    const target = new Uint8Array((turn * 11) % 200);
    const count = reader.read(target, 0, target.length);
    target.subarray(0, count).forEach((byte) => assert.equal(byte, read++ & 255));
  }
  assert.ok(read > 100 * SIZE && written - read <= SIZE);
});

test("little that is read soon stays in the same few bytes", () => {
  const { bytes, writer, reader } = ring();
  for (let turn = 0; turn < 100; turn++) {
    writer.write(new Uint8Array(10).fill(7), 0, 10);
    writer.produced(writer.space(6).fill(7).length);
    assert.equal(reader.read(new Uint8Array(20), 0, 20), 16);
  }
  assert.equal(bytes.lastIndexOf(7), 15);
});
