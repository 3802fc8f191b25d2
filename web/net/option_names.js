/** Options of sockets, by Linux' numbers. */

/**
 * Options that a backend may know: from Linux' level and number to the name that the backend gets.
 */
const OPTION_NAMES = new Map([
  ["1:2", "reuseaddr"],
  ["1:6", "broadcast"],
  ["1:7", "sndbuf"],
  ["1:8", "rcvbuf"],
  ["1:9", "keepalive"],
  ["1:13", "linger"],
  ["6:1", "nodelay"],
  ["0:2", "ttl"],
  ["0:33", "multicast_ttl"],
  ["0:34", "multicast_loop"],
  ["0:35", "add_membership"],
  ["0:36", "drop_membership"],
]);

/**
 * @param {number} level
 * @param {number} number
 * @returns {string | undefined} undefined for an option that no backend knows.
 */
export function optionName(level, number) {
  return OPTION_NAMES.get(`${level}:${number}`);
}

/** Whether an option's value is a multicast group. @param {string} name */
export function isMembership(name) {
  return name.endsWith("membership");
}
