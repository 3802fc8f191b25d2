/**
 * A relay's log of its clients, as lines of JSON or of text. What comes from outside is escaped in
 * both.
 */

/**
 * @typedef {object} Entry
 * @property {"started" | "connected" | "closed" | "refused" | "turned away" | "error" | "warning"}
 *   event The server takes clients; a connection was made, has ended or was refused; a client was
 *   turned away; the relay failed.
 * @property {string} [url] Where the server is.
 * @property {string[]} [allow] What its relay reaches.
 * @property {string} [client] The client's address.
 * @property {string} [token] Whose token it used.
 * @property {string} [target] "host:port".
 * @property {string} [address] The address that the host's name led to.
 * @property {"tcp" | "udp"} [kind]
 * @property {number} [up] Bytes from the client.
 * @property {number} [down] Bytes to the client.
 * @property {number} [seconds]
 * @property {string} [reason] Wisp's reason in a word, or the code of the WebSocket's close.
 * @property {string} [why] The same in words.
 */

/** @param {Entry} entry @param {Date} [time] */
export function jsonLine(entry, time = new Date()) {
  return JSON.stringify({ time: time.toISOString(), ...entry });
}

/** @param {Entry} entry @param {Date} [time] */
export function textLine(entry, time = new Date()) {
  const { event, client, token, target, address, kind, up, down, seconds, why } = entry;
  const who = [client, token && `(${token})`, target, kind].filter(Boolean).join(" ");
  const named = !address || target?.startsWith(address) || target?.startsWith(`[${address}]`);
  const what =
    event === "connected" ? `connected${named ? "" : ` to ${address}`}`
    : event === "closed" ? `${why}; ${up} bytes up, ${down} down, ${seconds?.toFixed(1)} s`
    : `${event}: ${why}`;
  return printable(`${time.toISOString()} ${who}${who ? " " : ""}${what}`);
}

/** @param {string} text */
function printable(text) {
  return text.replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
