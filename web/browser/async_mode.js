/** MicroPython on the page's own thread: its programs await, and never block the page. */

import { messageOf } from "../net/errno.js";
import { checkOptions } from "../options.js";
import { absolute, defaultMicroPython } from "./sources.js";
import { installMicroPython, requireFirst } from "./install.js";
import { listFiles, readFile, removeFile, writeFile } from "./files.js";
import { loadMicroPython } from "./npm_micropython.js";
import { sharedNetwork } from "./network.js";
import { PortTransport } from "../transports/port.js";
import { NEVER_ANEW, WorkerError, explanation } from "./remote.js";
import { START_OPTIONS } from "./start_options.js";

/**
 * @import { Interpreter } from "../memory.js"
 * @import { Installation } from "./install.js"
 * @import { StartOptions } from "./start_options.js"
 */

const KEYBOARD_INTERRUPT = 1;

/**
 * Starts MicroPython on this thread, for programs of asyncio.
 *
 * @param {StartOptions} [options]
 * @returns {Promise<AsyncMicroPython>}
 */
export async function startAsync(options = {}) {
  try {
    return await start(options);
  } catch (error) {
    const message = explanation(error);
    throw message === messageOf(error) ? error : new WorkerError(message, { cause: error });
  }
}

/** @param {StartOptions} options */
async function start(options) {
  checkOptions(options, START_OPTIONS);
  requireFirst();
  const { micropython = defaultMicroPython(), micropythonWasm, heap, onStage, files = {} } = options;
  const mp = await loadMicroPython({ micropython: absolute(micropython), micropythonWasm: absolute(micropythonWasm), heap });
  onStage?.("micropython");
  const { stdout = console.log, stderr = options.stdout ?? console.error, network, engine, roots, verify, onConnection } = options;
  const transport = network ? new PortTransport(sharedNetwork(network).attachTransport().port) : options.transport;
  const installation = await installMicroPython(mp, { mode: "async", stdin: true, stdout, stderr, transport, engine, roots, verify, onConnection });
  onStage?.("engine");
  onStage?.("network");
  for (const [path, content] of Object.entries(files)) writeFile(mp.FS, path, content);
  return new AsyncMicroPython(mp, installation, stderr);
}

/** It has the same methods as the MicroPython in a worker. */
export class AsyncMicroPython {
  /** How programs reach the network. @type {"async"} */
  mode = "async";
  #mp;
  #installation;
  #stderr;
  /** @type {{over: Promise<number>, reject: (error: Error) => void} | null} */
  #running = null;
  /** @type {Error | null} */
  #ended = null;

  /**
   * @param {Interpreter} mp
   * @param {Installation} installation
   * @param {(text: string) => void} stderr
   */
  constructor(mp, installation, stderr) {
    this.#mp = mp;
    this.#installation = installation;
    this.#stderr = stderr;
  }

  /**
   * Runs a program to its end. One at a time.
   *
   * @param {string} code
   * @param {{name?: string, args?: string[]}} [options]
   * @returns {Promise<number>} Its exit code.
   */
  async run(code, { name = "main.py", args = [] } = {}) {
    if (this.#running) throw new WorkerError("a program is running already");
    if (this.#ended) throw this.#ended;
    const over = this.#run(code, name, args);
    /** @type {Promise<never>} */
    const terminated = new Promise((_, reject) => (this.#running = { over, reject }));
    try {
      return await Promise.race([over, terminated]);
    } finally {
      this.#running = null;
    }
  }

  /** @param {string} code @param {string} name @param {string[]} args */
  async #run(code, name, args) {
    const mp = this.#mp;
    await this.writeFile(`/${name}`, code);
    mp.pyimport("_installed").begin(name, JSON.stringify(args));
    try {
      await mp.runPythonAsync(code);
      return 0;
    } catch (error) {
      return this.#exitCode(error, name);
    } finally {
      if (!this.#ended) this.#installation.reset();
    }
  }

  /**
   * The exit code after an exception. The exception is printed as the program's own.
   *
   * @param {unknown} thrown
   * @param {string} name
   */
  #exitCode(thrown, name) {
    if (this.#ended) return KEYBOARD_INTERRUPT;
    const error = /** @type {Error & {type?: string}} */ (thrown);
    if (error?.name !== "PythonError") throw error;
    if (error.type === "SystemExit") {
      const [, value] = /SystemExit: ?(.*)\s*$/.exec(error.message) ?? [];
      if (!value || value === "None") return 0;
      return /^-?\d+$/.test(value) ? Number(value) & 255 : 1;
    }
    this.#stderr(error.message.replaceAll('File "<stdin>"', `File "${name}"`));
    return 1;
  }

  /** @param {string | Uint8Array | null} text */
  input(text) {
    this.#installation.input(text);
  }

  /**
   * Raises KeyboardInterrupt in the coroutine that the program awaits.
   *
   * @returns {Promise<boolean>} Whether it ended.
   */
  async interrupt(patience = 500) {
    const running = this.#running;
    if (!running) return true;
    this.#installation.interrupt();
    const over = running.over.then(() => true, () => true);
    return Promise.race([over, new Promise((resolve) => setTimeout(resolve, patience, false))]);
  }

  /**
   * Stops the running program by interrupt(). A program that catches KeyboardInterrupt and goes on
   * is terminated. A program that computes blocks the page, and stop() with it.
   */
  async stop(patience = 1000) {
    if (await this.interrupt(patience)) return;
    this.terminate();
    throw new WorkerError(NEVER_ANEW);
  }

  async listFiles() {
    return listFiles(this.#mp.FS);
  }

  /** @param {string} path */
  async readFile(path) {
    return readFile(this.#mp.FS, path);
  }

  /** @param {string} path @param {string | Uint8Array} content */
  async writeFile(path, content) {
    writeFile(this.#mp.FS, path, content);
  }

  /** @param {string} path */
  async removeFile(path) {
    removeFile(this.#mp.FS, path);
  }

  /** Closes its connections and stops its tasks. */
  terminate() {
    this.#ended ??= new WorkerError("terminated");
    this.#running?.reject(this.#ended);
    this.#installation.close();
  }
}
