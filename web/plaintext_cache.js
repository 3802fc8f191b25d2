/**
 * A cache of plaintext in MicroPython's memory. Python answers small reads from it without a call
 * into the engine.
 *
 * The engine keeps the same bytes. Before any other operation the engine learns how many of them
 * Python has read. So the engine alone decides when a stream is readable, and what a read returns
 * after a failure. Python passes a position and not a count, because a call may be repeated after
 * it was suspended.
 */

/** Length of a cache in bytes. The plaintext in it ends where the cache ends. */
export const CACHE_LENGTH = 512;

/**
 * Copies the rest of the last record into the cache.
 *
 * @param {import("./tls.js").TlsSocket} tls
 * @param {Uint8Array} memory MicroPython's.
 * @param {number} address Of the cache.
 * @returns {number} The number of bytes in the cache.
 */
export function fill(tls, memory, address) {
  const { engine } = tls;
  const connection = tls.held();
  const count = Math.min(connection.plaintextLength(), CACHE_LENGTH);
  if (count === 0) return 0;
  const at = connection.plaintext();
  tls.cachedFrom = CACHE_LENGTH - count;
  memory.set(engine.bytes().subarray(at, at + count), address + tls.cachedFrom);
  return count;
}

/**
 * Tells the engine that Python has read the cache up to `position`. The rest stays cached.
 *
 * @param {import("./tls.js").TlsSocket} tls
 * @param {number} position
 */
export function consume(tls, position) {
  // A position beyond the end means that the cache is empty: Python was interrupted before it set a
  // new position.
  if (tls.cachedFrom === undefined || position > CACHE_LENGTH || position === tls.cachedFrom) return;
  tls.held().consumePlaintext(position - tls.cachedFrom);
  tls.cachedFrom = position;
}

/**
 * As `consume`, and empties the cache, because the next operation may change the plaintext that
 * follows.
 *
 * @param {import("./tls.js").TlsSocket} tls
 * @param {number} position
 */
export function consumeAndEmpty(tls, position) {
  consume(tls, position);
  tls.cachedFrom = undefined;
}
