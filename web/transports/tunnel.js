/** Relays with one WebSocket for each TCP connection: websockify and wsproxy. */

import { TransportError } from "./errors.js";
import { Transport } from "./transport.js";
import { openWebSocket } from "./websocket.js";

/**
 * WebSocketStream is not used: the WebSocket's end is the connection's end here, and Chromium's
 * WebSocketStream then drops bytes that no read was waiting for.
 */
const WHOLE = { WebSocketStream: null };
/** The close code of a websockify that could not connect. */
const INTERNAL_ERROR = 1011;

/**
 * @import { MessageSocket, WebSocketOptions } from "./websocket.js"
 * @import { Target } from "./transport.js"
 *
 * @typedef {object} WebsockifyOptions
 * @property {string | ((host: string, port: number) => string)} url Address with `{host}` and
 *   `{port}`, or `{token}`, to be filled in: "wss://relay/?token={token}". Without any of them the
 *   relay chooses the target of every connection.
 * @property {Record<string, string>} [tokens] The token of each "host:port". Other targets cannot
 *   be reached.
 * @property {string[]} [protocols] Subprotocols to offer; ["binary"] by default.
 */

/**
 * A transport over websockify, or over another relay that reads the target from the address.
 *
 * @param {WebSocketOptions & WebsockifyOptions} options
 * @returns {Transport}
 */
export function websockify({ url, tokens, protocols = ["binary"], ...options }) {
  const urlOf = typeof url === "function" ? url : (/** @type {string} */ host, /** @type {number} */ port) => fillIn(url, tokens, host, port);
  return new TunnelTransport(urlOf, { protocols, ...options });
}

/**
 * A transport over wsproxy: the target is the end of the path.
 *
 * @param {WebSocketOptions & {url: string}} options `url` is the relay's address; "host:port" is
 *   appended.
 * @returns {Transport}
 */
export function wsproxy({ url, ...options }) {
  const base = url.endsWith("/") ? url : `${url}/`;
  return new TunnelTransport((host, port) => `${base}${host.includes(":") ? `[${host}]` : encodeURIComponent(host)}:${port}`, options);
}

class TunnelTransport extends Transport {
  #urlOf;
  #options;
  /** @type {Set<TunnelConnection>} */
  #connections = new Set();

  /** @param {(host: string, port: number) => string} urlOf @param {WebSocketOptions} options */
  constructor(urlOf, options) {
    super();
    this.#urlOf = urlOf;
    this.#options = options;
  }

  /** @param {Target} target */
  async connect({ host, port, signal }) {
    const socket = await openWebSocket(this.#urlOf(host, port), { ...this.#options, ...WHOLE, signal });
    const connection = new TunnelConnection(socket, this.#connections);
    this.#connections.add(connection);
    return connection;
  }

  close() {
    for (const connection of this.#connections) connection.close();
  }
}

class TunnelConnection {
  #socket;
  #open;
  #answered = false;

  /** @param {MessageSocket} socket @param {Set<TunnelConnection>} open */
  constructor(socket, open) {
    this.#socket = socket;
    this.#open = open;
  }

  async read() {
    try {
      for (;;) {
        const message = await this.#socket.read();
        if (message === null || message.length > 0) this.#answered = true;
        if (typeof message === "string") throw new TransportError("EPROTO", "the relay sent text where bytes belong");
        if (message === null || message.length > 0) return message;
      }
    } catch (error) {
      this.close();
      if (error instanceof TransportError && error.closeCode === INTERNAL_ERROR && !this.#answered) {
        throw new TransportError("ECONNREFUSED", "the relay could not connect", { cause: error });
      }
      throw error;
    }
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    return this.#socket.write(bytes);
  }

  close() {
    this.#open.delete(this);
    this.#socket.close();
  }
}

/**
 * @param {string} template
 * @param {Record<string, string> | undefined} tokens
 * @param {string} host
 * @param {number} port
 */
function fillIn(template, tokens, host, port) {
  const token = tokens?.[`${host}:${port}`];
  if (tokens && token === undefined) throw new TransportError("EACCES", `the relay has no token for ${host}:${port}`);
  return template
    .replaceAll("{host}", encodeURIComponent(host))
    .replaceAll("{port}", String(port))
    .replaceAll("{token}", encodeURIComponent(token ?? `${host}:${port}`));
}
