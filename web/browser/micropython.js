/** MicroPython in a worker of the page, ready to run programs. */

import { startAsync } from "./async_mode.js";
import { chooseMode } from "./modes.js";
import { startNetwork } from "./network.js";
import { decoded } from "./output.js";
import { placeIn } from "./places.js";
import { Remote, WorkerError } from "./remote.js";
import { startServiceWorker } from "./service_worker_calls.js";
import { absolute, defaultMicroPython } from "./sources.js";

const DEFAULT_ROOTS = new URL(/* @vite-ignore */ "../../roots.pem", import.meta.url);

/**
 * @typedef {object} StartOptions
 * @property {"auto" | import("./modes.js").Mode} [mode] How blocking calls are to block; the best way that there is unless told.
 * @property {string | URL} [serviceWorker] Address of a copy of service_worker.js, at or above the page's; without it there is no mode "service-worker".
 * @property {import("../transports/index.js").TransportDescription | null} [transport] How programs reach the outside.
 * @property {Awaited<ReturnType<typeof startNetwork>>} [network] A network to share instead of one of its own.
 * @property {(text: string) => void} [stdout] Gets what programs print.
 * @property {(text: string) => void} [stderr] Gets what they print to standard error, tracebacks among it; `stdout` unless told.
 * @property {(stage: "micropython" | "engine" | "network") => void} [onStage] Told what is loaded.
 * @property {(connection: import("./inspector.js").Observation) => void} [onConnection] Told of each connection and what becomes of it.
 * @property {Record<string, string | Uint8Array>} [files] Files to put in place, by absolute path.
 * @property {string} [micropython] Address of micropython.mjs of @micropython/micropython-webassembly-pyscript, 1.27 or newer.
 * @property {string} [micropythonWasm] Address of its wasm, where that is not beside it.
 * @property {string | BufferSource | WebAssembly.Module} [engine] The engine's wasm, where it is not beside the package's files.
 * @property {string | URL | Uint8Array} [roots] Mozilla's root certificates: the address of a PEM file, or its content; for `ssl.create_default_context()`.
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

export class MicroPython {
  /** How blocking calls block. @type {import("./modes.js").Mode} */
  mode;
  #remote;
  #network;
  #ownNetwork;
  #place;
  #running = null;
  #runs = 0;

  constructor(mode, network, options, scope) {
    const worker = new Worker(new URL("./interpreter_worker.js", import.meta.url), { type: "module", name: "micropython-ssl" });
    const sinks = { 1: decoded(options.stdout ?? console.log), 2: decoded(options.stderr ?? options.stdout ?? console.error) };
    this.mode = mode;
    this.#network = network;
    this.#ownNetwork = options.network === undefined;
    this.#remote = new Remote(worker, "MicroPython's worker", (message) => {
      if (message.op === "stage") options.onStage?.(message.name);
      if (message.op === "connection") options.onConnection?.(message.connection);
      if (message.op !== "output") return;
      try {
        sinks[message.descriptor](message.bytes);
      } finally {
        this.#place.taken(message.bytes.length);
      }
    });
    this.#place = placeIn(network, mode, this.#remote, scope);
  }

  /** Resolves when programs can be run. */
  async ready({ onConnection, micropython = defaultMicroPython(), micropythonWasm, engine, roots = DEFAULT_ROOTS, heap, files = {} }) {
    const sources = {
      micropython: absolute(micropython),
      micropythonWasm: absolute(micropythonWasm),
      engine: absolute(engine),
      roots: absolute(roots),
      heap,
    };
    const { parts, transfer } = this.#place;
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
   * @returns {Promise<number>} Its exit code: 0, 1 after an exception, or what it gave to sys.exit().
   */
  async run(code, { name = "main.py", args = [] } = {}) {
    if (this.#running) throw new WorkerError("a program is running already");
    const run = (async () => {
      await this.writeFile(`/${name}`, code);
      return this.#remote.ask({ op: "run", path: name, argv: [name, ...args] });
    })();
    this.#running = run;
    this.#runs++;
    try {
      return await run;
    } finally {
      this.#running = null;
    }
  }

  /** Gives the program text, or bytes, to read from standard input; null is its end. */
  input(text) {
    this.#place.input(typeof text === "string" ? new TextEncoder().encode(text) : text);
  }

  /**
   * Raises KeyboardInterrupt in the running program. It takes effect where the program waits, sleeps or prints (in the
   * other modes than "isolated" only where it prints much), not while it computes.
   *
   * @param {number} [patience] Milliseconds to wait for the program's end.
   * @returns {Promise<boolean>} Whether it ended. If not, only terminate() helps.
   */
  async interrupt(patience = 500) {
    const run = this.#running;
    if (!run) return true;
    this.#place.interrupt();
    const over = run.then(() => true, () => true);
    return Promise.race([over, new Promise((resolve) => setTimeout(resolve, patience, false))]);
  }

  /** All files of the user. Answered when no program runs, as are the other questions about files. */
  listFiles() {
    return this.#remote.ask({ op: "list" });
  }

  /** @returns {Promise<Uint8Array>} */
  readFile(path) {
    return this.#remote.ask({ op: "read", path });
  }

  /** Writes a file, and makes the folders it needs. */
  writeFile(path, content) {
    return this.#remote.ask({ op: "write", path, content });
  }

  removeFile(path) {
    return this.#remote.ask({ op: "remove", path });
  }

  /** Ends it at once, whatever it does; its connections are closed, its files gone. */
  terminate() {
    this.#remote.end();
    this.#place.detach();
    if (this.#ownNetwork) this.#network.close();
  }
}
