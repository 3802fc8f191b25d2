/** MicroPython in a worker of the page, ready to run programs. */

import { startAsync } from "./async_mode.js";
import { LARGEST_COPY } from "./files.js";
import { chooseMode } from "./modes.js";
import { startNetwork } from "./network.js";
import { decoded } from "./output.js";
import { attachTo } from "./attachments.js";
import { Remote, WorkerError } from "./remote.js";
import { startServiceWorker } from "./service_worker_calls.js";
import { absolute } from "./sources.js";
import { startWorker } from "./workers.js";

/**
 * The exit code of a program that was interrupted and did not end: 128 and the number of SIGINT, as
 * in a shell.
 */
const ENDED_BY_FORCE = 130;
const DEFAULT_COMPONENT = new URL("../../dist/micropython.host.wasm", import.meta.url);
const DEFAULT_ROOTS = new URL("../../dist/roots.pem", import.meta.url);

/**
 * @typedef {object} StartOptions
 * @property {boolean} [worker] False to have MicroPython on the page's own thread, where programs
 *   reach the document: mode "async".
 * @property {"auto" | import("./modes.js").Mode} [mode] How blocking calls are to block; the best
 *   way that there is unless told.
 * @property {string | URL} [serviceWorker] Address of a copy of service_worker.js, at or above the
 *   page's; without it there is no mode "service-worker".
 * @property {import("../transports/index.js").TransportDescription | null} [transport] How programs
 *   reach the outside.
 * @property {Awaited<ReturnType<typeof startNetwork>>} [network] A network to share instead of one
 *   of its own.
 * @property {(text: string) => void} [stdout] Gets what programs print.
 * @property {(text: string) => void} [stderr] Gets what they print to standard error, tracebacks
 *   among it; `stdout` unless told.
 * @property {(stage: "micropython" | "engine" | "network") => void} [onStage] Told what is loaded.
 * @property {(connection: import("./observations.js").Observation) => void} [onConnection] Told of
 *   each connection and what becomes of it.
 * @property {Record<string, string | Uint8Array>} [files] Files to put in place, by absolute path.
 * @property {string | URL | BufferSource} [component] MicroPython for workers, where it is not
 *   beside the package's files.
 * @property {string} [micropython] For mode "async": the address of micropython.mjs
 *   of @micropython/micropython-webassembly-pyscript, 1.27 or newer.
 * @property {string} [micropythonWasm] The address of its wasm, where that is not beside it.
 * @property {string | BufferSource | WebAssembly.Module} [engine] The engine's wasm for it, where
 *   it is not beside the package's files.
 * @property {string | URL | Uint8Array} [roots] Mozilla's root certificates: the address of a PEM
 *   file, or its content; for `ssl.create_default_context()`.
 * @property {"required"} [verify] Clients of `ssl` verify their peers unless the program says
 *   otherwise.
 * @property {number} [heap] Bytes of the heap to start with.
 */

/**
 * Starts MicroPython.
 *
 * @param {StartOptions} [options]
 * @returns {Promise<MicroPython>} Its `mode` says which way it got.
 */
export async function startMicroPython(options = {}) {
  const mode = chooseMode(options);
  if (mode === "async") return startAsync({ roots: DEFAULT_ROOTS, ...options });
  let scope;
  try {
    if (mode === "service-worker") scope = await startServiceWorker(absolute(options.serviceWorker));
  } catch (error) {
    if (options.mode === mode) throw error;
    return startMicroPython({ ...options, mode: "async" });
  }
  const network = options.network ?? (await startNetwork({ transport: options.transport }));
  const micropython = new MicroPython(mode, network, options, scope);
  await micropython.ready(options);
  return micropython;
}

const HERE = import.meta.url;
const WORKER = { type: "module", name: "micropython-ssl" };

function workerThread() {
  const start = () => new Worker(new URL("./interpreter_worker.js", import.meta.url), { type: "module", name: "micropython-ssl" });
  return startWorker(start, new URL("./interpreter_worker.js", HERE), WORKER);
}

export class MicroPython {
  /** How blocking calls block. @type {import("./modes.js").Mode} */
  mode;
  #options;
  #scope;
  #network;
  #ownNetwork;
  #remote;
  #attachment;
  #running = null;
  #restarting = null;
  #terminated = false;
  /**
   * Contents by path, as the page last knew them: for an interpreter that has to be started anew.
   */
  #files = new Map();
  /** Observations of connections that are open, by number. */
  #open = new Map();

  constructor(mode, network, options, scope) {
    this.mode = mode;
    this.#options = options;
    this.#scope = scope;
    this.#network = network;
    this.#ownNetwork = options.network === undefined;
    this.#launch();
  }

  #launch() {
    const { stdout = console.log, stderr = this.#options.stdout ?? console.error } = this.#options;
    const sinks = { 1: decoded(stdout), 2: decoded(stderr) };
    const told = {
      stage: ({ name }) => this.#options.onStage?.(name),
      connection: ({ connection }) => this.#observed(connection),
      files: ({ changes }) => changes.forEach(([path, content]) => this.#keep(path, content)),
      output: ({ descriptor, bytes }) => {
        try {
          sinks[descriptor](bytes);
        } finally {
          attachment.taken(bytes.length);
        }
      },
    };
    this.#remote = new Remote(workerThread(), "MicroPython's worker", (message) => told[message.op](message));
    const attachment = attachTo(this.#network, this.mode, this.#remote, this.#scope);
    this.#attachment = attachment;
  }

  /** Resolves when programs can be run. */
  async ready({ onConnection, component = DEFAULT_COMPONENT, roots = DEFAULT_ROOTS, heap, verify, files = {} }) {
    const sources = { component: absolute(component), roots: absolute(roots), heap, verify };
    const { parts, transfer } = this.#attachment;
    try {
      await this.#remote.ask({ op: "start", mode: this.mode, sources, inspect: onConnection !== undefined, ...parts }, transfer);
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
   * @param {string} [options.name] The file that it becomes, as tracebacks show it.
   * @param {string[]} [options.args] sys.argv after the program's name.
   * @returns {Promise<number>} Its exit code: 0, 1 after an exception, what it gave to sys.exit(),
   *   or 130 where stop() had to end it by force.
   */
  async run(code, { name = "main.py", args = [] } = {}) {
    if (this.#running) throw new WorkerError("a program is running already");
    const run = (async () => {
      await this.writeFile(`/${name}`, code);
      return this.#remote.ask({ op: "run", path: name, argv: [name, ...args] });
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

  /** Gives the program text, or bytes, to read from standard input; null is its end. */
  input(text) {
    this.#attachment.input(typeof text === "string" ? new TextEncoder().encode(text) : text);
  }

  /**
   * Raises KeyboardInterrupt in the running program, whatever it does.
   *
   * @param {number} [patience] Milliseconds to wait for the program's end.
   * @returns {Promise<boolean>} Whether it ended. If not, stop() helps.
   */
  async interrupt(patience = 500) {
    const run = this.#running;
    if (!run) return true;
    this.#attachment.interrupt();
    const over = run.then(() => true, () => true);
    return Promise.race([over, new Promise((resolve) => setTimeout(resolve, patience, false))]);
  }

  /**
   * Stops the running program: by interrupt(), and where it has not ended after `patience`, because
   * it catches KeyboardInterrupt, by a fresh MicroPython in its place, which has the user's files
   * as they last were closed, up to 8 MiB each; standard error says so.
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
    for (const connection of this.#open.values()) onConnection({ ...connection, closed: performance.timeOrigin + performance.now() });
    this.#open.clear();
    stderr("\nKeyboardInterrupt: the program did not stop; MicroPython was started anew, with the same files\n");
    const files = this.#files;
    this.#files = new Map();
    this.#launch();
    await this.ready({ ...this.#options, files: Object.fromEntries(files) });
    if (this.#terminated) this.terminate();
  }

  #observed(connection) {
    if (connection.closed === null) this.#open.set(connection.id, connection);
    else this.#open.delete(connection.id);
    this.#options.onConnection?.(connection);
  }

  #keep(path, content) {
    if (content === null || content.length > LARGEST_COPY) this.#files.delete(path);
    else this.#files.set(path, content);
  }

  /**
   * All files of the user. Answered when no program runs, as are the other questions about files.
   */
  listFiles() {
    return this.#remote.ask({ op: "list" });
  }

  /** @returns {Promise<Uint8Array>} */
  readFile(path) {
    return this.#remote.ask({ op: "read", path });
  }

  /** Writes a file, and makes the folders it needs. */
  async writeFile(path, content) {
    await this.#remote.ask({ op: "write", path, content });
    this.#keep(path, typeof content === "string" ? content : content.slice());
  }

  async removeFile(path) {
    await this.#remote.ask({ op: "remove", path });
    this.#keep(path, null);
  }

  /** Ends it at once, whatever it does; its connections are closed, its files gone. */
  terminate() {
    this.#terminated = true;
    this.#remote.end();
    this.#attachment.detach();
    if (this.#ownNetwork) this.#network.close();
  }
}
