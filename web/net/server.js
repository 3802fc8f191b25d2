/**
 * The network's side of the channel. It carries out the commands of one interpreter on a backend,
 * and moves bytes between the backend's connections and the rings. It never blocks: events call it.
 *
 * @typedef {object} Backend The source of connections. Failures are Error objects; `code` is
 *   their errno name ("ECONNREFUSED").
 * @property {(host: string, family: number) => Promise<{address: string, family: number}[]>} lookup
 *   Families are 4, 6 or 0 for both.
 * @property {(options: ConnectOptions, events: ConnectionEvents) => Connection} connect Starts
 *   connecting.
 * @property {(options: ListenOptions, events: {connection: (socket: IncomingConnection) => void})
 *   => Promise<Listener>} listen
 * @property {(options: DatagramOptions, events: DatagramEvents) => Promise<Datagrams>} datagram
 * @property {(events: ConnectionEvents) => Connection} input The program's standard input, as a
 *   connection that is only read.
 * @property {(name: string, value: OptionValue) => void} [checkOption] Throws where no socket can
 *   have the option, be it open or not.
 *
 * @typedef {{family: number, host: string, port: number, local: Address | null, options: Options}}
 *   ConnectOptions
 * @typedef {{family: number, host: string, port: number, backlog: number, options: Options}}
 *   ListenOptions
 * @typedef {{family: number, host: string, port: number, options: Options}} DatagramOptions
 * @typedef {{host: string, port: number}} Address
 * @typedef {number | {group: string | null, local: string | null}} OptionValue The object is for
 *   multicast memberships.
 * @typedef {Map<string, OptionValue>} Options The options that were set, by name; see
 *   option_names.js.
 *
 * @typedef {object} ConnectionEvents
 * @property {() => void} open The connection is established.
 * @property {(bytes: Uint8Array) => void} data Bytes arrived. The receiver owns them from now on.
 * @property {() => Uint8Array} space Instead of `data`, for a backend that can write received bytes
 *   to given memory. Returns memory for the next bytes, never empty. The backend may write there
 *   until it calls `filled`.
 * @property {(count: number) => void} filled So many bytes were written to the beginning of
 *   `space`. This call may pause the connection.
 * @property {() => void} end No more bytes will come.
 * @property {(error: Error) => void} error The connection failed or broke. No event follows.
 *
 * @typedef {object} Connection
 * @property {(bytes: Uint8Array, done: () => void) => void} write The bytes lie in shared memory
 *   and do not change until `done`.
 * @property {() => void} pause Stops calls of `data`. Bytes that were read already may still come.
 * @property {() => void} resume
 * @property {(done: () => void) => void} end Sends the end of the stream after the written bytes,
 *   then frees the connection.
 * @property {() => void} destroy Frees the connection at once.
 * @property {(name: string, value: OptionValue) => void} setOption Throws where the option is not
 *   possible.
 *
 * @typedef {object} IncomingConnection It is not read before it was accepted.
 * @property {Address} peer
 * @property {(events: ConnectionEvents) => Connection} accept
 * @property {() => void} destroy
 *
 * @typedef {{port: number, close: () => Promise<void>}} Listener
 *
 * @typedef {object} DatagramEvents
 * @property {(bytes: Uint8Array, from: Address) => void} message
 * @property {(error: Error) => void} error
 *
 * @typedef {object} Datagrams
 * @property {number} port
 * @property {(bytes: Uint8Array, host: string, port: number, done: (error?: Error | null) => void)
 *   => void} send `host` "" where associated.
 * @property {(host: string, port: number) => Promise<void>} associate
 * @property {() => void} close
 * @property {(name: string, value: OptionValue) => void} setOption Throws where the option is not
 *   possible.
 *
 * @typedef {{op: "lookup", id?: undefined, host: string, family: number}
 *   | {op: "bind", id: number, family: number, host: string, port: number, probe?: boolean}
 *   | {op: "connect", id: number, family: number, host: string, port: number, memory: Block}
 *   | {op: "listen", id: number, family: number, backlog: number, memory: Block}
 *   | {op: "accept", id: number, listener: number, memory: Block}
 *   | {op: "datagram", id: number, family: number, host: string, port: number, memory: Block}
 *   | {op: "input", id: number, memory: Block}
 *   | {op: "associate", id: number, host: string, port: number}
 *   | {op: "option", id: number, name: string, value: OptionValue}
 *   | {op: "close", id: number}} Command
 */

/**
 * @import { Block, Memory } from "./layout.js"
 * @import { Answer } from "./network.js"
 *
 * @typedef {object} Entry The state of a socket's id.
 * @property {ServedStream | ServedDatagrams | ServedListener | null} object
 * @property {Address | null} local
 * @property {Options} options
 */

/**
 * The command of a name.
 *
 * @template {Command["op"]} Op
 * @typedef {Extract<Command, {op: Op}>} CommandOf
 */

import { announce } from "./control.js";
import { EINVAL, codeOf, errnoOf, wordsOf } from "./errno.js";
import { HandleLog } from "./handle_log.js";
import { CHANGED, REPLY_BYTES, REPLY_DONE, REPLY_LENGTH, REPLY_STATUS } from "./layout.js";
import { ServedDatagrams } from "./served_datagram.js";
import { ServedListener } from "./served_listener.js";
import { ServedStream } from "./served_stream.js";

export class NetworkServer {
  #backend;
  #words;
  #changed;
  #onEvent;
  /** @type {Map<number, Entry>} */
  #sockets = new Map();
  /**
   * Closed sockets that still have bytes to send, and promises of their end.
   *
   * @type {Map<ServedStream | ServedDatagrams | ServedListener, Promise<void>>}
   */
  #closing = new Map();

  /**
   * @param {Backend} backend
   * @param {SharedArrayBuffer | ArrayBuffer} control The channel's control memory.
   * @param {() => void} [onEvent] Called after each event that may end a wait.
   */
  constructor(backend, control, onEvent = () => {}) {
    this.#backend = backend;
    this.#words = new Int32Array(control);
    this.#changed = new HandleLog(this.#words, CHANGED);
    this.#onEvent = onEvent;
  }

  /** The interpreter has notified more sockets than its log can hold. */
  notifiedAll() {
    for (const { object } of this.#sockets.values()) object?.notified();
  }

  /**
   * Takes a message of the interpreter's side.
   *
   * @param {number | (Command & {reply?: Memory})} message
   */
  receive(message) {
    if (typeof message === "number") {
      this.#sockets.get(message)?.object?.notified();
      return;
    }
    const { reply } = message;
    let result;
    try {
      result = this.execute(message);
    } catch (error) {
      result = Promise.reject(error);
    }
    if (!reply) return;
    Promise.resolve(result).then(
      (value) => this.#answer(reply, { value }),
      (error) => this.#answer(reply, { error: errnoOf(error, EINVAL), code: codeOf(error), text: wordsOf(error) }),
    );
  }

  /**
   * Resolves when all closed sockets have sent their bytes, or when no byte was sent for `limit`
   * milliseconds.
   *
   * @param {number} limit
   * @returns {Promise<boolean>} Whether all bytes were sent.
   */
  async settled(limit) {
    for (let before = Infinity; this.#closing.size > 0; ) {
      const unsent = [...this.#closing.keys()].reduce((sum, object) => sum + 1 + ("unsent" in object ? object.unsent : 0), 0);
      if (unsent === before) return false;
      before = unsent;
      let timer;
      const late = new Promise((resolve) => (timer = setTimeout(resolve, limit)));
      await Promise.race([Promise.all(this.#closing.values()), late]);
      clearTimeout(timer);
    }
    return true;
  }

  /** Ends everything at once. */
  destroy() {
    for (const { object } of this.#sockets.values()) object?.destroy();
    this.#sockets.clear();
  }

  /**
   * Carries out a command of an interpreter on this thread.
   *
   * @param {Command} message
   * @returns {any} Its answer, or a promise of it. Throws where it fails at once.
   */
  execute(message) {
    switch (message.op) {
      case "lookup":
        return this.#backend.lookup(message.host, message.family === 0 ? 0 : version(message.family));
      case "bind":
        return message.probe === false ? this.#reserve(message) : this.#bind(message);
      case "connect":
        return this.#connect(message);
      case "listen":
        return this.#listen(message);
      case "accept":
        return this.#accept(message);
      case "datagram":
        return this.#datagram(message);
      case "input":
        return this.#input(message);
      case "associate":
        return /** @type {ServedDatagrams} */ (this.#entry(message.id).object).associate(message.host, message.port);
      case "option":
        return this.#option(message);
      case "close":
        return this.#close(message.id);
    }
    throw new Error(`unknown command ${/** @type {Command} */ (message).op}`);
  }

  /**
   * Stores the address for listen() or connect(). They fail if the address is not available.
   *
   * @param {CommandOf<"bind">} command
   */
  #reserve({ id, host, port }) {
    this.#entry(id).local = { host, port };
    return port;
  }

  /**
   * Checks that the address is available, and stores its port for listen() or connect().
   *
   * @param {CommandOf<"bind">} command
   */
  async #bind({ id, family, host, port }) {
    const entry = this.#entry(id);
    const address = { family: version(family), host, port };
    const probe = await this.#backend.listen({ ...address, backlog: 1, options: entry.options }, { connection: (c) => c.destroy() });
    entry.local = { host, port: probe.port };
    await probe.close();
    return probe.port;
  }

  /** @param {CommandOf<"connect">} command */
  #connect({ id, family, host, port, memory }) {
    const entry = this.#entry(id);
    const options = { family: version(family), host, port, local: entry.local, options: entry.options };
    const stream = new ServedStream(memory, this.#announcing(id));
    entry.object = stream;
    stream.open((events) => this.#backend.connect(options, events));
  }

  /** @param {CommandOf<"listen">} command */
  #listen({ id, family, backlog, memory }) {
    const entry = this.#entry(id);
    const { host, port } = entry.local ?? { host: "", port: 0 };
    const listener = new ServedListener(memory, this.#announcing(id));
    const options = { family: version(family), host, port, backlog, options: entry.options };
    return this.#open(entry, listener, this.#backend.listen(options, { connection: listener.connection }));
  }

  /** @param {CommandOf<"accept">} command */
  #accept({ listener, id, memory }) {
    const incoming = /** @type {ServedListener} */ (this.#entry(listener).object).take();
    const entry = this.#entry(id);
    const stream = new ServedStream(memory, this.#announcing(id));
    entry.object = stream;
    stream.open((events) => incoming.accept(events));
    return incoming.peer;
  }

  /** @param {CommandOf<"datagram">} command */
  #datagram({ id, family, host, port, memory }) {
    const entry = this.#entry(id);
    const object = new ServedDatagrams(memory, this.#announcing(id));
    const options = { family: version(family), host, port, options: entry.options };
    return this.#open(entry, object, this.#backend.datagram(options, object.events));
  }

  /**
   * Waits for the object that the backend opens, and gives it to the socket. Resolves with its
   * port.
   *
   * @template T
   * @param {Entry} entry
   * @param {{attach: (opened: T) => number, destroy: () => void} & (ServedListener |
   *   ServedDatagrams)} object
   * @param {Promise<T>} opening
   */
  async #open(entry, object, opening) {
    entry.object = object;
    try {
      return object.attach(await opening);
    } catch (error) {
      entry.object = null;
      object.destroy();
      throw error;
    }
  }

  /** @param {CommandOf<"input">} command */
  #input({ id, memory }) {
    const entry = this.#entry(id);
    const stream = new ServedStream(memory, this.#announcing(id));
    entry.object = stream;
    stream.open((events) => this.#backend.input(events));
  }

  /** @param {CommandOf<"option">} command */
  #option({ id, name, value }) {
    const entry = this.#entry(id);
    this.#backend.checkOption?.(name, value);
    entry.object?.setOption(name, value);
    entry.options.set(name, value);
  }

  /** @param {number} id */
  #close(id) {
    const entry = this.#sockets.get(id);
    this.#sockets.delete(id);
    if (!entry?.object) return;
    const { object } = entry;
    this.#closing.set(object, object.close().finally(() => this.#closing.delete(object)));
  }

  /** @param {number} id */
  #entry(id) {
    let entry = this.#sockets.get(id);
    if (!entry) {
      entry = { object: null, local: null, options: new Map() };
      this.#sockets.set(id, entry);
    }
    return entry;
  }

  /** A function that announces a change of a socket. @param {number} id */
  #announcing(id) {
    return () => {
      this.#changed.add(id);
      this.#announce();
    };
  }

  #announce = () => {
    announce(this.#words);
    this.#onEvent();
  };

  /** @param {Memory} reply @param {Answer} answer */
  #answer(reply, answer) {
    let bytes = new TextEncoder().encode(JSON.stringify(answer));
    if (bytes.length > REPLY_BYTES) bytes = new TextEncoder().encode(JSON.stringify({ error: EINVAL, text: "answer too long" }));
    new Uint8Array(reply, 8).set(bytes);
    const words = new Int32Array(reply, 0, 2);
    words[REPLY_LENGTH] = bytes.length;
    Atomics.store(words, REPLY_STATUS, REPLY_DONE);
    this.#announce();
  }
}

/** IP version of an address family. @param {number} family */
function version(family) {
  return family === 10 ? 6 : 4;
}
