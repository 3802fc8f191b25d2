/**
 * One client at work: does what its session asks for, with the WebSocket and the network of an
 * adapter.
 */

/**
 * @import { Action, SessionEntry } from "./actions.js"
 * @import { Session } from "./session.js"
 */

/**
 * @typedef {object} Network
 * @property {(name: string) => Promise<string[]>} lookup The addresses of a name; fails with an
 *   error that has a `code`.
 * @property {(where: {kind: "tcp" | "udp", addresses: string[], port: number}, events:
 *   SocketEvents) => Socket} connect
 *
 * @typedef {object} Socket None of these throws, nor calls an event before it returns.
 * @property {(bytes: Uint8Array) => void} write
 * @property {() => void} end Sends the end after what was written.
 * @property {() => void} destroy
 * @property {(on: boolean) => void} read
 *
 * @typedef {object} SocketEvents
 * @property {(address?: string) => void} connected
 * @property {(bytes: Uint8Array) => void} data
 * @property {(bytes: Uint8Array) => void} wrote With each of the bytes that were written.
 * @property {() => void} end
 * @property {(error: Error & {code?: string}) => void} failed
 * @property {() => void} closed The last one.
 *
 * @typedef {object} ClientSocket
 * @property {(packet: Uint8Array, sent: () => void) => void} send
 * @property {(on: boolean) => void} read
 * @property {(answered: () => void) => void} ping
 * @property {(code: number, reason: string, atOnce: boolean) => void} close
 */

export class Client {
  /** @type {Session} */
  #session;
  /** @type {Network} */
  #network;
  /** @type {ClientSocket} */
  #socket;
  #options;
  /** @type {Map<number, Socket>} */
  #sockets = new Map();
  #busy = false;
  #left = false;

  /**
   * @param {object} options
   * @param {import("./session.js").Session} options.session
   * @param {Network} options.network
   * @param {ClientSocket} options.socket
   * @param {() => number} options.now
   * @param {(entry: SessionEntry) => void} options.log
   * @param {(error: unknown) => void} options.failed The session broke, which is over then; no
   *   other one is concerned.
   * @param {() => void} options.left Nothing of the client is left.
   */
  constructor({ session, network, socket, ...options }) {
    this.#session = session;
    this.#network = network;
    this.#socket = socket;
    this.#options = options;
    this.#do(() => {});
  }

  /** @param {Uint8Array | string} message */
  receive(message) {
    this.#do((session, now) => session.receive(message, now));
  }

  end() {
    this.#do((session, now) => session.end(now));
  }

  tick() {
    this.#do((session, now) => session.tick(now));
  }

  drain() {
    this.#do((session) => session.drain());
  }

  /** @param {number} code @param {string} reason */
  close(code, reason) {
    this.#do((session) => session.close(code, reason));
  }

  /** Gives everything back at once: no socket will say that it is closed. */
  abandon() {
    if (this.#left) return;
    for (const socket of this.#sockets.values()) socket.destroy();
    this.#session.abandon();
    this.#leave();
  }

  /**
   * Tells the session something and does what it wants then.
   *
   * @param {(session: Session, now: number) => void} call
   */
  #do(call) {
    if (this.#left) return;
    try {
      call(this.#session, this.#options.now());
      if (!this.#busy) this.#perform();
    } catch (error) {
      this.#broken(error);
    }
  }

  #perform() {
    this.#busy = true;
    try {
      for (let actions; (actions = this.#session.take()).length > 0; ) for (const action of actions) this.#act(action);
    } finally {
      this.#busy = false;
    }
    if (this.#session.done) this.#leave();
  }

  /** @param {Action} action */
  #act(action) {
    const socket = "link" in action ? this.#sockets.get(action.link) : undefined;
    switch (action.do) {
      case "send":
        return this.#socket.send(action.packet, () => this.#do((session) => session.sent(action.packet)));
      case "lookup":
        return this.#lookup(action.link, action.name);
      case "connect":
        return void this.#sockets.set(action.link, this.#network.connect(action, this.#eventsOf(action.link)));
      case "write":
        return socket?.write(action.bytes);
      case "end":
        return socket?.end();
      case "destroy":
        return socket?.destroy();
      case "read":
        return socket?.read(action.on);
      case "readClient":
        return this.#socket.read(action.on);
      case "ping":
        return this.#socket.ping(() => this.#do((session) => session.ponged()));
      case "close":
        return this.#socket.close(action.code, action.reason, action.atOnce);
      case "log":
        return this.#options.log(action.entry);
    }
  }

  /** @param {number} link @param {string} name */
  #lookup(link, name) {
    this.#network.lookup(name).then(
      (addresses) => this.#do((session, now) => session.lookedUp(link, addresses, now)),
      (error) => this.#do((session, now) => session.failed(link, error?.code ?? "EAI_AGAIN", now)),
    );
  }

  /** @param {number} link @returns {SocketEvents} */
  #eventsOf(link) {
    return {
      connected: (address) => this.#do((session, now) => session.connected(link, now, address)),
      data: (bytes) => this.#do((session, now) => session.received(link, bytes, now)),
      wrote: (bytes) => this.#do((session, now) => session.wrote(link, bytes, now)),
      end: () => this.#do((session, now) => session.targetEnded(link, now)),
      failed: (error) => this.#do((session, now) => session.failed(link, error?.code ?? "EIO", now)),
      closed: () => {
        this.#sockets.delete(link);
        this.#do((session, now) => session.closed(link, now));
      },
    };
  }

  /** @param {unknown} error */
  #broken(error) {
    this.#options.failed(error);
    this.#socket.close(1011, "the relay failed", true);
    this.abandon();
  }

  #leave() {
    if (this.#left) return;
    this.#left = true;
    this.#options.left();
  }
}
