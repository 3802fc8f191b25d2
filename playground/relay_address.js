/**
 * Checks descriptions of relays from links, from storage and from users. The kind "module" is
 * refused, because it is code.
 */

const KINDS = ["wisp", "websockify", "wsproxy"];

/**
 * Reads a description of a transport.
 *
 * @param {unknown} description Null for no relay.
 * @returns {Record<string, string> | null} One of wisp, websockify and wsproxy, with its absolute
 *   address.
 * @throws {Error} The message names what is wrong.
 */
export function readRelay(description) {
  if (description === null) return null;
  const entries = typeof description === "object" ? Object.entries(description) : [];
  const [[kind, address] = ["", ""]] = entries;
  if (entries.length !== 1 || !KINDS.includes(kind)) throw new Error(`a relay is one of ${KINDS.join(", ")}, with its address`);
  if (typeof address !== "string" || address === "") throw new Error("a relay needs an address");
  return { [kind]: whole(address) };
}

/** A relay's host, as it is shown to users. @param {Record<string, string> | null} relay */
export function hostOf(relay) {
  return relay === null ? "none" : new URL(Object.values(relay)[0]).host;
}

/**
 * An absolute address: the page's scheme and host complete a relative one. @param {string} address
 */
function whole(address) {
  let url;
  try {
    url = new URL(address, document.baseURI);
  } catch {
    throw new Error(`“${address}” is no address`);
  }
  if (!/^(ws|http)s?:$/.test(url.protocol)) throw new Error(`the address of a relay begins with wss:// or ws://, not with ${url.protocol}`);
  // websockify's {host} and {port} are filled in later.
  return url.href.replace(/^http/, "ws").replaceAll("%7B", "{").replaceAll("%7D", "}");
}
