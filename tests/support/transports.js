/** What tests of transports have in common. */

import assert from "node:assert/strict";
import { codeOf, messageOf } from "../../web/net/errno.js";

/** @import { TransportConnection } from "../../types/index.js" */

/** Reads a connection to its end. @param {Pick<TransportConnection, "read">} connection */
export async function readAll(connection) {
  const pieces = [];
  for (let piece; (piece = await connection.read()) !== null; ) pieces.push(piece);
  return Buffer.concat(pieces);
}

/**
 * Reads exactly `count` bytes, or less at the end.
 *
 * @param {Pick<TransportConnection, "read">} connection
 * @param {number} count
 */
export async function readExactly(connection, count) {
  const pieces = [];
  for (let have = 0; have < count; ) {
    const piece = await connection.read();
    if (piece === null) break;
    pieces.push(piece);
    have += piece.length;
  }
  return Buffer.concat(pieces);
}

/** @param {string} text */
export function bytesOf(text) {
  return new TextEncoder().encode(text);
}

/** @param {number} milliseconds */
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until `check()` holds. @param {() => unknown} check @param {string} what */
export async function eventually(check, what, limit = 5000) {
  const deadline = performance.now() + limit;
  while (!(await check())) {
    if (performance.now() > deadline) assert.fail(`not within ${limit} ms: ${what}`);
    await sleep(10);
  }
}

/** @param {Promise<unknown>} promise @param {string} code */
export function fails(promise, code) {
  return assert.rejects(promise, (error) => {
    assert.equal(codeOf(error), code, `${codeOf(error)}: ${messageOf(error)}`);
    return true;
  });
}
