/**
 * What a connection's next reads return, shown in MicroPython's memory, where Python takes small reads from without a call into the engine.
 *
 * The engine keeps it all the same and is told what was taken before it does anything else: when a stream can be read, and what a read gets after a
 * failure, is decided there alone. A call may be made again after it was suspended, so Python says up to where it took, not how much.
 */

/** Length of the area in which a connection's plaintext is shown, in bytes; it ends where the area does. */
export const AHEAD = 512;

/**
 * Shows what is left of the record that a read was answered from.
 *
 * @param {import("./tls.js").TlsSocket} tls
 * @param {Uint8Array} memory MicroPython's.
 * @param {number} area Address of AHEAD bytes.
 * @returns {number} Bytes that are shown.
 */
export function show(tls, memory, area) {
  const { connection, engine } = tls;
  const count = Math.min(connection.plaintextLength(), AHEAD);
  if (count === 0) return 0;
  const at = connection.plaintext();
  tls.shownFrom = AHEAD - count;
  memory.set(engine.bytes().subarray(at, at + count), area + tls.shownFrom);
  return count;
}

/** Tells the engine that what is shown was taken up to `position`, and goes on showing the rest. */
export function take(tls, position) {
  // Beyond the end Python shows nothing: it was interrupted before it came to do so.
  if (tls.shownFrom === undefined || position > AHEAD || position === tls.shownFrom) return;
  tls.connection.consumePlaintext(position - tls.shownFrom);
  tls.shownFrom = position;
}

/** The same, and shows nothing from now on: what comes next may be another. */
export function takeAndHide(tls, position) {
  take(tls, position);
  tls.shownFrom = undefined;
}
