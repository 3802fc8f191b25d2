/**
 * One WebSocket whose messages are read and written. It is a WebSocketStream where the browser has
 * one, because only that makes the sender wait for a slow reader. Else it is a WebSocket with a
 * bounded queue.
 */

import { Queue } from "./queue.js";
import { TransportError, asTransportError, throwIfAborted, within } from "./errors.js";
import { REFUSAL } from "./wisp_packets.js";

/** Milliseconds until a relay's first answer has to arrive. */
export const RELAY_TIMEOUT = 10_000;
/**
 * The most unread bytes where the sender cannot be made to wait. With more the connection fails.
 */
export const QUEUE_LIMIT = 64 * 1024 * 1024;

/** The errors of programs where this project's relay refuses a page. */
const REFUSED = /** @type {Record<number, string>} */ ({
  [REFUSAL.TOKEN]: "EACCES",
  [REFUSAL.ORIGIN]: "EACCES",
  [REFUSAL.TOO_MANY]: "ENETDOWN",
  [REFUSAL.UNAVAILABLE]: "ENETDOWN",
});

const HIGH_WATER = 1024 * 1024;
const LOW_WATER = 256 * 1024;
const DRAIN_INTERVAL = 4;
/** Milliseconds that a relay has to take the bytes that were written before the end. */
const CLOSE_TIMEOUT = 5000;

/**
 * @typedef {object} WebSocketOptions
 * @property {string[]} [protocols] Subprotocols to offer.
 * @property {AbortSignal} [signal] Aborts opening.
 * @property {number} [timeout] Milliseconds for opening.
 * @property {number} [queueLimit] Bytes; see QUEUE_LIMIT.
 * @property {new (url: string, protocols?: string | string[]) => any} [WebSocket] The class to use
 *   instead of the global one.
 * @property {WebSocketStreamConstructor | null} [WebSocketStream] The same; null for none.
 *
 * @typedef {new (url: string, options: {protocols: string[]}) => WebSocketStream}
 *   WebSocketStreamConstructor
 *
 * @typedef {{closeCode?: number, reason?: string}} CloseInfo
 *
 * @typedef {object} WebSocketStream The part of a page's WebSocketStream that is used here.
 * @property {Promise<{readable: ReadableStream<Uint8Array | ArrayBuffer | string>, writable:
 *   WritableStream<Uint8Array>}>} opened
 * @property {Promise<CloseInfo>} closed
 * @property {() => void} close
 *
 * @typedef {object} MessageSocket
 * @property {boolean} pausable Whether unread messages make the sender wait.
 * @property {() => Promise<Uint8Array | string | null>} read The next message; null when the peer
 *   has closed the WebSocket without an error.
 * @property {(bytes: Uint8Array) => Promise<void>} write Resolves when there is room for more
 *   bytes.
 * @property {() => void} close Ends the WebSocket after the written bytes.
 */

/**
 * Opens a WebSocket.
 *
 * @param {string} url
 * @param {WebSocketOptions} [options]
 * @returns {Promise<MessageSocket>} Fails with ENETDOWN where there is no relay, ETIMEDOUT where it
 *   does not answer.
 */
export async function openWebSocket(url, options = {}) {
  const { signal, timeout = RELAY_TIMEOUT } = options;
  const { WebSocket = globalThis.WebSocket } = options;
  /** @type {WebSocketStreamConstructor | null | undefined} */
  const WebSocketStream = options.WebSocketStream === undefined ? Reflect.get(globalThis, "WebSocketStream") : options.WebSocketStream;
  throwIfAborted(signal);
  if (!WebSocketStream && !WebSocket) throw new TransportError("EOPNOTSUPP", "there is no WebSocket here: pass one as an option");
  let socket;
  try {
    socket = WebSocketStream ? new StreamSocket(WebSocketStream, url, options) : new EventSocket(WebSocket, url, options);
  } catch (error) {
    throw refusedByPage(url, error);
  }
  try {
    await within(socket.opened, { signal, timeout, what: `the relay ${url} did not answer` });
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

class StreamSocket {
  pausable = true;

  /**
   * @param {WebSocketStreamConstructor} WebSocketStream
   * @param {string} url
   * @param {WebSocketOptions} options
   */
  constructor(WebSocketStream, url, { protocols = [] }) {
    this.socket = new WebSocketStream(url, { protocols });
    this.socket.closed.catch(() => {});
    this.opened = this.socket.opened.then(
      ({ readable, writable }) => {
        this.reader = readable.getReader();
        this.writer = writable.getWriter();
        this.writer.closed.catch(() => {});
      },
      (error) => {
        throw relayAway(url, error);
      },
    );
    this.opened.catch(() => {});
  }

  async read() {
    try {
      const { value, done } = await this.reader.read();
      if (!done) return typeof value === "string" || value instanceof Uint8Array ? value : new Uint8Array(value);
    } catch (error) {
      const { closeCode, reason } = /** @type {CloseInfo} */ (error);
      throw closedWith(closeCode ?? 1006, reason);
    }
    // It rejects where the TCP connection below ended with an error, although the relay had sent a
    // close code.
    const { closeCode, reason } = await this.socket.closed.catch((error) => error);
    return endOf(closeCode ?? 1006, reason);
  }

  /** @param {Uint8Array} bytes */
  async write(bytes) {
    try {
      await this.writer.ready;
      // Not awaited: it settles when the network process has the bytes. `ready` settles when there
      // is room for more.
      this.writer.write(bytes).catch(() => {});
      await this.writer.ready;
    } catch (error) {
      const { closeCode, reason } = /** @type {CloseInfo} */ (error ?? {});
      if (closeCode) throw closedWith(closeCode, reason);
      throw new TransportError("EPIPE", "the connection to the relay is closed", { cause: error });
    }
  }

  close() {
    // Closing the stream sends the written bytes first. Closing the socket is for relays that take
    // no more bytes.
    if (!this.writer) return this.socket.close();
    this.writer.close().catch(() => {});
    const timer = setTimeout(() => this.socket.close(), CLOSE_TIMEOUT);
    const stop = () => clearTimeout(timer);
    this.socket.closed.then(stop, stop);
  }
}

class EventSocket {
  pausable = false;

  /**
   * @param {NonNullable<WebSocketOptions["WebSocket"]>} WebSocket
   * @param {string} url
   * @param {WebSocketOptions} options
   */
  constructor(WebSocket, url, { protocols = [], queueLimit = QUEUE_LIMIT }) {
    const queue = new Queue();
    /** @type {InstanceType<typeof globalThis.WebSocket>} */
    const socket = new WebSocket(url, protocols);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      queue.push(typeof data === "string" ? data : new Uint8Array(data));
      if (queue.size > queueLimit) {
        queue.end(new TransportError("ENOBUFS", `more than ${queueLimit} bytes wait to be read, and this relay cannot be slowed down`));
        socket.close();
      }
    });
    socket.addEventListener("close", ({ code, reason }) => queue.end(failureOf(code, reason)));
    this.opened = new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", (event) => reject(relayAway(url, Reflect.get(event, "error"))));
      socket.addEventListener("close", (event) => reject(relayAway(url, event)));
    });
    this.opened.catch(() => {});
    this.socket = socket;
    this.queue = queue;
  }

  read() {
    return this.queue.read();
  }

  /** @param {Uint8Array} bytes */
  async write(bytes) {
    const { socket } = this;
    if (socket.readyState !== 1) throw new TransportError("EPIPE", "the connection to the relay is closed");
    socket.send(/** @type {Uint8Array<ArrayBuffer>} */ (bytes)); // never a view of a SharedArrayBuffer
    if (socket.bufferedAmount < HIGH_WATER) return;
    // A WebSocket has no event for the end of sending.
    while (socket.readyState === 1 && socket.bufferedAmount > LOW_WATER) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_INTERVAL));
    }
  }

  close() {
    this.socket.close();
  }
}

/**
 * Returns null if the WebSocket's end is the end of the stream. Else it throws.
 *
 * @param {number | undefined} code
 * @param {string | undefined} reason
 */
function endOf(code, reason) {
  const failure = failureOf(code, reason);
  if (failure) throw failure;
  return null;
}

/** @param {number | undefined} code @param {string | undefined} reason */
function failureOf(code, reason) {
  return code === 1000 || code === 1005 || code === undefined ? null : closedWith(code, reason);
}

/** @param {number} code @param {string | undefined} reason */
function closedWith(code, reason) {
  const error = REFUSED[code] ? new TransportError(REFUSED[code], `the relay refuses this page: ${reason || code}`) : brokenOff(code, reason);
  error.closeCode = code;
  return error;
}

/** @param {number} code @param {string | undefined} reason */
function brokenOff(code, reason) {
  return new TransportError("ECONNRESET", `the relay broke the connection off (${code}${reason ? `: ${reason}` : ""})`);
}

/** @param {string} url @param {unknown} cause */
function relayAway(url, cause) {
  return new TransportError("ENETDOWN", `no relay answers at ${url}`, { cause });
}

/** @param {string} url @param {unknown} error */
function refusedByPage(url, error) {
  const insecure = globalThis.location?.protocol === "https:" && url.startsWith("ws:");
  const { name, message } = /** @type {Error} */ (error ?? {});
  const why = insecure ? "a page loaded over https may only use a wss:// relay" : message;
  if (name === "SyntaxError") return new TransportError("EINVAL", `not the address of a relay: ${url}`, { cause: error });
  if (name === "SecurityError") return new TransportError("EACCES", `${url} is not allowed here: ${why}`, { cause: error });
  return asTransportError(error);
}
