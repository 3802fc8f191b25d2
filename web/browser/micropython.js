/** MicroPython in a worker of the page, ready to run programs. */

import { checkOptions } from "../options.js";
import { LARGEST_COPY } from "./files.js";
import { chooseMode } from "./modes.js";
import { sharedNetwork, startNetwork } from "./network.js";
import { decoded } from "./output.js";
import { attachTo } from "./attachments.js";
import { Remote, WorkerError } from "./remote.js";
import { startServiceWorker } from "./service_worker_calls.js";
import { absolute } from "./sources.js";
import { START_OPTIONS } from "./start_options.js";
import { startWorker } from "./workers.js";

/**
 * The exit code of a program that was interrupted and did not end: 128 and the number of SIGINT, as
 * in a shell.
 */
const ENDED_BY_FORCE = 130;
const DEFAULT_COMPONENT = new URL("../../dist/micropython.host.wasm", import.meta.url);
const DEFAULT_ROOTS = new URL("../../dist/roots.pem", import.meta.url);

/**
 * @import { AsyncMicroPython } from "./async_mode.js"
 * @import { Attachment } from "./attachments.js"
 * @import { Message } from "./interpreter_worker.js"
 * @import { Mode } from "./modes.js"
 * @import { PageNetwork } from "./network.js"
 * @import { Observation } from "./observations.js"
 * @import { StartOptions } from "./start_options.js"
 */

/**
 * Starts MicroPython.
 *
 * @param {StartOptions} [options]
 * @returns {Promise<MicroPython | AsyncMicroPython>} Its `mode` is the mode in use.
 */
export async function startMicroPython(options = {}) {
  checkOptions(options, START_OPTIONS);
  const mode = chooseMode(options);
  if (mode === "async") {
    const { startAsync } = await import("./async_mode.js"); // other pages do without
    return startAsync({ roots: DEFAULT_ROOTS, ...options });
  }
  let scope = "";
  try {
    if (mode === "service-worker") scope = await startServiceWorker(absolute(options.serviceWorker ?? ""));
  } catch (error) {
    if (options.mode === mode) throw error;
    return startMicroPython({ ...options, mode: "async" });
  }
  const network = options.network ? sharedNetwork(options.network) : await startNetwork({ transport: options.transport });
  const micropython = new MicroPython(mode, network, options, scope);
  await micropython.ready(options);
  return micropython;
}

const HERE = import.meta.url;
/** @type {WorkerOptions} */
const WORKER = { type: "module", name: "micropython-ssl" };

function workerThread() {
  const start = () => new Worker(new URL("./interpreter_worker.js", import.meta.url), { type: "module", name: "micropython-ssl" });
  return startWorker(start, new URL("./interpreter_worker.js", HERE), WORKER);
}

export class MicroPython {
  /** How blocking calls block. @type {Exclude<Mode, "async">} */
  mode;
  #options;
  #scope;
  #network;
  #ownNetwork;
  /** @type {Remote} */
  #remote;
  /** @type {Attachment} */
  #attachment;
  /** @type {Promise<number> | null} */
  #running = null;
  /** @type {Promise<void> | null} */
  #restarting = null;
  #terminated = false;
  /**
   * Contents by path, as the page last got them. A new interpreter after stop() gets these files.
   *
   * @type {Map<string, string | Uint8Array>}
   */
  #files = new Map();
  /** Observations of connections that are open, by number. @type {Map<number, Observation>} */
  #open = new Map();

  /**
   * @param {Exclude<Mode, "async">} mode
   * @param {PageNetwork} network
   * @param {StartOptions} options
   * @param {string} scope Of the service worker.
   */
  constructor(mode, network, options, scope) {
    this.mode = mode;
    this.#options = options;
    this.#scope = scope;
    this.#network = network;
    this.#ownNetwork = options.network === undefined;
    [this.#remote, this.#attachment] = this.#launch();
  }

  /** Starts a worker, attached to the network. @returns {[Remote, Attachment]} */
  #launch() {
    const { stdout = console.log, stderr = this.#options.stdout ?? console.error } = this.#options;
    const sinks = { 1: decoded(stdout), 2: decoded(stderr) };
    /** @param {Message} message */
    const receive = (message) => {
      switch (message.op) {
        case "stage":
          return this.#options.onStage?.(message.name);
        case "connection":
          return this.#observed(message.connection);
        case "files":
          return message.changes.forEach(([path, content]) => this.#keep(path, content));
        case "output":
          try {
            return sinks[message.descriptor](message.bytes);
          } finally {
            attachment.taken(message.bytes.length);
          }
      }
    };
    const remote = new Remote(workerThread(), "MicroPython's worker", receive);
    const attachment = attachTo(this.#network, this.mode, remote, this.#scope);
    return [remote, attachment];
  }

  /** Resolves when programs can be run. @param {StartOptions} options */
  async ready({ onConnection, component = DEFAULT_COMPONENT, roots = DEFAULT_ROOTS, heap, verify, files = {} }) {
    const sources = { component: absolute(component), roots: absolute(roots), heap, verify };
    const { parts, transfer } = this.#attachment;
    try {
      await this.#remote.request({ op: "start", sources, inspect: onConnection !== undefined, parts }, transfer);
      for (const [path, content] of Object.entries(files)) await this.writeFile(path, content);
    } catch (error) {
      this.terminate();
      throw error;
    }
  }

  /**
   * Runs a program to its end. One at a time.
   *
   * @param {string} code
   * @param {object} [options]
   * @param {string} [options.name] The name of the program's file, which tracebacks show.
   * @param {string[]} [options.args] sys.argv after the program's name.
   * @returns {Promise<number>} Its exit code: 0; 1 after an exception; the argument of sys.exit();
   *   or 130 where stop() terminated MicroPython.
   */
  async run(code, { name = "main.py", args = [] } = {}) {
    if (this.#running) throw new WorkerError("a program is running already");
    const run = (async () => {
      await this.writeFile(`/${name}`, code);
      return this.#remote.request({ op: "run", path: name, argv: [name, ...args] });
    })();
    this.#running = run;
    try {
      return await run;
    } catch (error) {
      if (!this.#restarting) throw error;
      await this.#restarting;
      return ENDED_BY_FORCE;
    } finally {
      this.#running = null;
    }
  }

  /**
   * Gives the program text, or bytes, to read from standard input; null is its end.
   *
   * @param {string | Uint8Array | null} text
   */
  input(text) {
    this.#attachment.input(typeof text === "string" ? new TextEncoder().encode(text) : text);
  }

  /**
   * Raises KeyboardInterrupt in the running program, also while it waits or computes.
   *
   * @param {number} [patience] Milliseconds to wait for the program's end.
   * @returns {Promise<boolean>} Whether the program ended. stop() ends a program that did not.
   */
  async interrupt(patience = 500) {
    const run = this.#running;
    if (!run) return true;
    this.#attachment.interrupt();
    const over = run.then(() => true, () => true);
    return Promise.race([over, new Promise((resolve) => setTimeout(resolve, patience, false))]);
  }

  /**
   * Stops the running program by interrupt(). A program may catch KeyboardInterrupt and go on.
   * After `patience` a new MicroPython replaces the one that runs it, with a line on standard
   * error. The new one has the user's files of up to 8 MiB, with the content that they had when
   * they were last closed.
   *
   * @param {number} [patience] Milliseconds.
   * @returns {Promise<void>} Resolves when the next program can be run.
   */
  async stop(patience = 1000) {
    if ((await this.interrupt(patience)) || !this.#running) return;
    this.#restarting ??= this.#restart().finally(() => (this.#restarting = null));
    await this.#restarting;
  }

  async #restart() {
    const { stderr = this.#options.stdout ?? console.error, onConnection } = this.#options;
    this.#remote.end();
    this.#attachment.detach();
    for (const connection of this.#open.values()) onConnection?.({ ...connection, closed: performance.timeOrigin + performance.now() });
    this.#open.clear();
    stderr("\nKeyboardInterrupt: the program did not stop; MicroPython was started anew, with the same files\n");
    const files = this.#files;
    this.#files = new Map();
    [this.#remote, this.#attachment] = this.#launch();
    await this.ready({ ...this.#options, files: Object.fromEntries(files) });
    if (this.#terminated) this.terminate();
  }

  /** @param {Observation} connection */
  #observed(connection) {
    if (connection.closed === null) this.#open.set(connection.id, connection);
    else this.#open.delete(connection.id);
    this.#options.onConnection?.(connection);
  }

  /** @param {string} path @param {string | Uint8Array | null} content */
  #keep(path, content) {
    if (content === null || content.length > LARGEST_COPY) this.#files.delete(path);
    else this.#files.set(path, content);
  }

  /**
   * All files of the user. This and the other requests about files wait until no program runs.
   *
   * @returns {Promise<{path: string, size: number, modified: number}[]>}
   */
  listFiles() {
    return this.#remote.request({ op: "list" });
  }

  /** @param {string} path @returns {Promise<Uint8Array>} */
  readFile(path) {
    return this.#remote.request({ op: "read", path });
  }

  /**
   * Writes a file, and makes the folders it needs.
   *
   * @param {string} path
   * @param {string | Uint8Array} content
   */
  async writeFile(path, content) {
    await this.#remote.request({ op: "write", path, content });
    this.#keep(path, typeof content === "string" ? content : content.slice());
  }

  /** @param {string} path */
  async removeFile(path) {
    await this.#remote.request({ op: "remove", path });
    this.#keep(path, null);
  }

  /** Ends MicroPython at once. Its connections are closed, and its files are lost. */
  terminate() {
    this.#terminated = true;
    this.#remote.end();
    this.#attachment.detach();
    if (this.#ownNetwork) this.#network.close();
  }
}
