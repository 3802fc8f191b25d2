/**
 * Options of sockets for which wasi:sockets has no function: for the interface `host` of
 * wit/interpreter.wit.
 */

import { ENOPROTOOPT } from "../net/errno.js";
import { isMembership, optionName } from "../net/option_names.js";

/** @import { OptionValue } from "../net/server.js" */

const UNKNOWN = 0;
const SET = 1;

/**
 * @param {{setOption: (name: string, value: OptionValue) => number}} socket Of wasi:sockets.
 * @param {number} level
 * @param {number} number
 * @param {bigint} value
 * @returns {number} 1, 0 where the option is not known, or -errno.
 */
export function setSocketOption(socket, level, number, value) {
  const name = optionName(level, number);
  if (!name) return UNKNOWN;
  const result = socket.setOption(name, valueOf(name, value));
  if (result === -ENOPROTOOPT) return UNKNOWN;
  return result < 0 ? result : SET;
}

/** @param {string} name @param {bigint} value @returns {OptionValue} */
function valueOf(name, value) {
  const first = Number(BigInt.asIntN(32, value));
  const second = Number(BigInt.asIntN(32, value >> 32n));
  if (name === "linger") return first ? second : -1;
  return isMembership(name) ? { group: dotted(first), local: dotted(second) } : first;
}

/** An IPv4 address as it lies in memory. @param {number} bytes */
function dotted(bytes) {
  return [0, 8, 16, 24].map((shift) => (bytes >>> shift) & 0xff).join(".");
}
