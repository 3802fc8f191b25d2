/** A transport that reaches only the targets that a page's author has named. */

import { splitPattern } from "./patterns.js";
import { TransportError } from "./errors.js";
import { Transport } from "./transport.js";

/** @import { Address, Connection, DatagramOptions, DatagramSocket, ListenOptions, Target } from "./transport.js" */

export class AllowedTransport extends Transport {
  #inner;
  #patterns;

  /**
   * @param {Transport} inner
   * @param {string[]} allow "host:port" each. The host is a name, "*.example.com", "*" or an
   *   address; the port is a number, a range as "8000-8999", or "*".
   * @throws {RangeError} Names the pattern that is wrong.
   */
  constructor(inner, allow) {
    super();
    this.#inner = inner;
    this.#patterns = allow.map(parsePattern);
  }

  get udp() {
    return this.#inner.udp;
  }

  /** @param {Target} target @returns {Promise<Connection>} */
  async connect(target) {
    this.#require(target);
    return this.#inner.connect(target);
  }

  /** @param {ListenOptions} options */
  listen(options) {
    return this.#inner.listen(options);
  }

  /** @param {DatagramOptions} [options] @returns {Promise<DatagramSocket>} */
  async datagram(options) {
    const socket = await this.#inner.datagram(options);
    return {
      address: socket.address,
      send: async (bytes, to) => {
        this.#require(to);
        await socket.send(bytes, to);
      },
      receive: () => socket.receive(),
      close: () => socket.close(),
    };
  }

  /** @param {{signal?: AbortSignal}} [options] */
  open(options) {
    return this.#inner.open(options);
  }

  close() {
    this.#inner.close();
  }

  /** @param {Address} address */
  #require({ host, port }) {
    const wanted = plain(host);
    if (this.#patterns.some(({ isHost, isPort }) => isHost(wanted) && isPort(port))) return;
    throw new TransportError("EACCES", `${host}:${port} is not allowed to this page's programs (the transport's allow)`);
  }
}

/** @param {string} text */
function parsePattern(text) {
  const { host, isPort } = splitPattern(text);
  if (host.includes("/")) throw new RangeError(`a page names no ranges of addresses: ${text}`);
  if (host === "*") return { isHost: () => true, isPort };
  if (host.startsWith("*.") && !host.includes("*", 1)) {
    return { isHost: (/** @type {string} */ name) => name.endsWith(host.slice(1)), isPort };
  }
  if (host.includes("*")) throw new RangeError(`a * can only stand for whole labels at the beginning: ${text}`);
  const wanted = plain(host);
  return { isHost: (/** @type {string} */ name) => name === wanted, isPort };
}

/** A host in canonical form. @param {string} host */
function plain(host) {
  const text = host.toLowerCase().replace(/\.$/, "").replace(/^\[(.*)\]$/, "$1");
  return text.includes(":") && URL.canParse?.(`http://[${text}]`) ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text;
}
