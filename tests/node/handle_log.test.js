/** The log by which the interpreter's thread and the network's tell each other of sockets. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { HandleLog, LOG_WORDS } from "../../web/net/handle_log.js";

/** Both ends of a log, and its words. @returns {[HandleLog, HandleLog, Int32Array]} */
function ends() {
  const words = new Int32Array(new SharedArrayBuffer(4 * (LOG_WORDS + 1)));
  return [new HandleLog(words, 1), new HandleLog(words, 1), words];
}

/** What one end takes: its answer, and handles. @param {HandleLog} log */
function taken(log) {
  /** @type {number[]} */
  const handles = [];
  return [log.take((handle) => handles.push(handle)), handles];
}

test("handles are taken once, in order, also when the log has gone round", () => {
  const [from, to] = ends();
  assert.deepEqual(taken(to), [true, []]);
  for (let round = 0; round < 10; round++) {
    const handles = Array.from({ length: 50 }, (_, at) => 1 + round * 50 + at);
    handles.forEach((handle) => from.add(handle));
    assert.deepEqual(taken(to), [true, handles]);
    assert.deepEqual(taken(to), [true, []]);
  }
});

test("where there were too many, it says so, and goes on with the next", () => {
  for (const count of [64, 65, 1000]) {
    const [from, to] = ends();
    for (let handle = 1; handle <= count; handle++) from.add(handle);
    assert.deepEqual(taken(to), [false, []]);
    from.add(7);
    assert.deepEqual(taken(to), [true, [7]]);
  }
});

test("the count may pass the largest number of a word", () => {
  const [, , words] = ends();
  words[1] = 2 ** 31 - 2;
  const [from, to] = [new HandleLog(words, 1), new HandleLog(words, 1)];
  taken(to);
  [1, 2, 3, 4, 5].forEach((handle) => from.add(handle));
  assert.deepEqual(taken(to), [true, [1, 2, 3, 4, 5]]);
});
