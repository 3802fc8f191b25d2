/** Patterns of targets, "host:port": the part that all users of patterns share. */

/**
 * Splits a pattern into host and port.
 *
 * @param {string} text The host is a name, "*.example.com", "*" or an address, IPv6 in brackets.
 *   The port is a number, a range as "8000-8999", or "*".
 * @returns {{host: string, isPort: (port: number) => boolean}} The host in lower case, without
 *   brackets.
 * @throws {RangeError} Names the pattern and what is wrong with it.
 */
export function splitPattern(text) {
  const match = /^(?:\[([^\]]+)\]|([^:\s[\]]+)):(\*|\d+(?:-\d+)?)$/.exec(text);
  if (!match) throw new RangeError(`not a target: ${text} (expected host:port, as in *.example.com:443)`);
  return { host: (match[1] ?? match[2]).toLowerCase(), isPort: parsePorts(match[3], text) };
}

/** @param {string} ports @param {string} text */
function parsePorts(ports, text) {
  if (ports === "*") return () => true;
  const [from, to = from] = ports.split("-").map(Number);
  if (from < 1 || to > 65535 || from > to) throw new RangeError(`not a port: ${text}`);
  return (/** @type {number} */ port) => port >= from && port <= to;
}
