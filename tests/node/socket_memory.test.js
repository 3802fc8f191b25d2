/** What becomes of sockets where memory is scarce. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryPool, socketViews } from "../../web/net/layout.js";

const MOST = 1024 * 1024; // bytes

class ScarceMemory extends ArrayBuffer {
  /** @param {number} [size] */
  constructor(size = 0) {
    if (size > MOST) throw new RangeError("Array buffer allocation failed");
    super(size);
  }
}

test("sockets get memory also where there is room for one at a time only", () => {
  const pool = new MemoryPool(ScarceMemory);
  const [one, other] = [pool.take(), pool.take()].map(socketViews);
  one.rx.fill(1);
  one.tx.fill(2);
  assert.ok(other.rx.length > 0 && [...other.words, ...other.rx, ...other.tx].every((value) => value === 0));
});
