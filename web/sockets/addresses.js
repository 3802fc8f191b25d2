/** The addresses of a socket's two ends, as `opened` tells them. */

/**
 * @typedef {import("../transports/transport.js").Address} Address
 *
 * @param {{peer?: Address, local?: Address}} ends Those that are known.
 */
export function addressesOf({ peer, local }) {
  return { remoteAddress: textOf(peer), localAddress: textOf(local) };
}

/** @param {Address} [address] @returns {string | null} "host:port", "[host]:port" for IPv6. */
function textOf(address) {
  if (!address) return null;
  const { host, port } = address;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
