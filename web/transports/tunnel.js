/** Relays that make one WebSocket one TCP connection: websockify and wsproxy. */

import { TransportError } from "./errors.js";
import { openWebSocket } from "./websocket.js";

/** The end of the WebSocket is the end of the connection here, and Chromium's WebSocketStream forgets then what nobody was waiting to read. */
const WHOLE = { WebSocketStream: null };
/** The code that websockify closes with when it could not connect. */
const INTERNAL_ERROR = 1011;

/**
 * A transport over websockify, or whatever else reads the target from the address.
 *
 * @param {object} options
 * @param {string | ((host: string, port: number) => string)} options.url Address with `{host}` and `{port}`, or `{token}`, to be filled
 *   in: "wss://relay/?token={token}". Without any of them every connection ends where the relay says.
 * @param {Record<string, string>} [options.tokens] The token of each "host:port". What is not in it cannot be reached.
 * @param {string[]} [options.protocols] Subprotocols to offer; ["binary"] unless told.
 * @returns {import("./index.js").Transport}
 */
export function websockify({ url, tokens, protocols = ["binary"], ...options }) {
  return tunnel((host, port) => (typeof url === "function" ? url(host, port) : fillIn(url, tokens, host, port)), { protocols, ...options });
}

/**
 * A transport over wsproxy: the target is the end of the path.
 *
 * @param {object} options
 * @param {string} options.url Address of the relay; "host:port" is appended.
 * @returns {import("./index.js").Transport}
 */
export function wsproxy({ url, ...options }) {
  const base = url.endsWith("/") ? url : `${url}/`;
  return tunnel((host, port) => `${base}${host.includes(":") ? `[${host}]` : encodeURIComponent(host)}:${port}`, options);
}

/** @returns {import("./index.js").Transport} */
function tunnel(urlOf, options) {
  const open = new Set();
  return {
    async connect({ host, port, signal }) {
      const connection = new TunnelConnection(await openWebSocket(urlOf(host, port), { ...options, ...WHOLE, signal }), open);
      open.add(connection);
      return connection;
    },
    close() {
      for (const connection of open) connection.close();
    },
  };
}

/** @implements {import("./index.js").Connection} */
class TunnelConnection {
  #socket;
  #open;
  #heard = false;

  constructor(socket, open) {
    this.#socket = socket;
    this.#open = open;
  }

  async read() {
    try {
      for (;;) {
        const message = await this.#socket.read();
        if (message === null || message.length > 0) this.#heard = true;
        if (typeof message === "string") throw new TransportError("EPROTO", "the relay sent text where bytes belong");
        if (message === null || message.length > 0) return message;
      }
    } catch (error) {
      this.close();
      if (error.closeCode === INTERNAL_ERROR && !this.#heard) {
        throw new TransportError("ECONNREFUSED", "the relay could not connect", { cause: error });
      }
      throw error;
    }
  }

  write(bytes) {
    return this.#socket.write(bytes);
  }

  close() {
    this.#open.delete(this);
    this.#socket.close();
  }
}

function fillIn(template, tokens, host, port) {
  const token = tokens?.[`${host}:${port}`];
  if (tokens && token === undefined) throw new TransportError("EACCES", `the relay has no token for ${host}:${port}`);
  return template
    .replaceAll("{host}", encodeURIComponent(host))
    .replaceAll("{port}", String(port))
    .replaceAll("{token}", encodeURIComponent(token ?? `${host}:${port}`));
}
