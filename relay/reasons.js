/** Why a session refuses a stream or ends it. */

import { REASON, TCP, UDP } from "../web/transports/wisp_packets.js";

/** @type {Record<string, number>} */
const OF_ERRNOS = {
  ECONNREFUSED: REASON.REFUSED,
  ETIMEDOUT: REASON.TIMED_OUT,
  EHOSTUNREACH: REASON.UNREACHABLE,
  ENETUNREACH: REASON.UNREACHABLE,
  EADDRNOTAVAIL: REASON.UNREACHABLE,
};

/** Reasons that are the relay's own, of which its client is told in words. */
export const WORDED = new Set([REASON.INVALID, REASON.BLOCKED, REASON.THROTTLED]);

/** Why a connection could not be made. @param {string} code The name of an errno. */
export function reasonOf(code) {
  return OF_ERRNOS[code] ?? REASON.NETWORK_ERROR;
}

/** "blocked" and so on; undefined where the client closed. @param {number | undefined} reason */
export function nameOf(reason) {
  return Object.entries(REASON).find(([, number]) => number === reason)?.[0].toLowerCase();
}

/**
 * Why a client does not get a stream.
 *
 * @param {{stream: number, streamType: number, target: import("./targets.js").Target | null}} wish
 * @param {{streams: number, draining: boolean, givesCredit: boolean}} client
 * @param {import("./actions.js").SessionOptions} options
 * @param {number} now
 * @returns {[reason: number, why: string] | null}
 */
export function refusalOf({ stream, streamType, target }, client, { targets, limits, memory, udp, needsCredit, mayConnect }, now) {
  if (stream === 0) return [REASON.INVALID, "stream 0 is no connection"];
  if (streamType !== TCP && streamType !== UDP) return [REASON.INVALID, `there is no type of stream ${streamType}`];
  if (!target) return [REASON.INVALID, "not the address of a host"];
  if (needsCredit && !client.givesCredit) return [REASON.INVALID, "this relay serves only clients that give it credit"];
  if (client.draining) return [REASON.THROTTLED, "the relay is shutting down"];
  if (!mayConnect(now)) return [REASON.THROTTLED, "the relay allows no more connections in this minute"];
  if (client.streams >= limits.connections) return [REASON.THROTTLED, `the relay allows ${limits.connections} connections at a time`];
  if (memory.full) return [REASON.THROTTLED, "the relay has too much to do"];
  if (streamType === UDP && !udp) return [REASON.BLOCKED, "the relay carries no UDP"];
  if (targets.empty) return [REASON.BLOCKED, "the relay allows no targets: its operator names them with --allow host:port"];
  if (!targets.allows(target)) return [REASON.BLOCKED, `the relay does not allow ${target.text}`];
  return null;
}
