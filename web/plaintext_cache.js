/**
 * A cache of plaintext in MicroPython's memory. Python answers small reads from it without a call
 * into the engine.
 *
 * The engine keeps the same bytes. Before any other operation it is told how many of them Python
 * has read, so the engine alone decides when a stream can be read and what a read gets after a
 * failure. Python passes a position and not a count, because a call may be made again after it was
 * suspended.
 */

/** Length of a cache in bytes. The plaintext in it ends where the cache ends. */
export const CACHE_LENGTH = 512;

/**
 * Copies what is left of the last record into the cache.
 *
 * @param {import("./tls.js").TlsSocket} tls
 * @param {Uint8Array} memory MicroPython's.
 * @param {number} address Of the cache.
 * @returns {number} How many bytes the cache has now.
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
  // A position beyond the end means that the cache is empty: Python was interrupted before it set
  // another one.
  if (tls.cachedFrom === undefined || position > CACHE_LENGTH || position === tls.cachedFrom) return;
  tls.held().consumePlaintext(position - tls.cachedFrom);
  tls.cachedFrom = position;
}

/**
 * As `consume`; then the cache is empty, because the next operation may change what follows.
 *
 * @param {import("./tls.js").TlsSocket} tls
 * @param {number} position
 */
export function consumeAndEmpty(tls, position) {
  consume(tls, position);
  tls.cachedFrom = undefined;
}
