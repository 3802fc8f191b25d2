/**
 * Interpreters for the page. Each program gets a new one, and the next one is prepared meanwhile.
 * All share one network.
 */

import { startMicroPython } from "../web/browser/micropython.js";
import { messageOf } from "../web/net/errno.js";

/**
 * @import { StartOptions } from "../web/browser/start_options.js"
 * @import { PageNetwork } from "../web/browser/network.js"
 *
 * @typedef {Awaited<ReturnType<typeof startMicroPython>>} Interpreter
 */

/** The folder of the site's own files. They are not the user's. */
const SITE_FOLDER = "/certs/";
export const PROMPT = ".prompt.py";
/** The largest file in bytes that the page copies after a run. */
const LARGEST_FILE = 8 * 1024 * 1024;

export class Machine {
  #options;
  #files;
  /** @type {PageNetwork | undefined} */
  #network;
  /** @type {Promise<Interpreter> | null} */
  #next = null;
  /** @type {Interpreter | null} */
  #current = null;

  /**
   * @param {StartOptions} options
   * @param {Map<string, Uint8Array>} files The user's, by path; changed after each run.
   */
  constructor(options, files) {
    this.#options = options;
    this.#files = files;
  }

  /** Whether a program runs. */
  get running() {
    return this.#current !== null;
  }

  /**
   * Sets the programs' network and prepares an interpreter. Resolves when the interpreter is ready.
   *
   * @param {PageNetwork} network
   */
  async connect(network) {
    const next = this.#next;
    this.#next = null;
    next?.then((machine) => machine.terminate(), () => {});
    this.#network = network;
    await this.prepare();
  }

  /** Prepares the next interpreter. @returns {Promise<Interpreter>} */
  prepare() {
    if (!this.#next) {
      const next = startMicroPython({ ...this.#options, network: this.#network });
      this.#next = next;
      // After a failure the next call tries again.
      next.catch(() => {
        if (this.#next === next) this.#next = null;
      });
    }
    return this.#next;
  }

  /**
   * Runs a program, with the user's files in place.
   *
   * @param {string} code
   * @param {{name?: string}} [options] The name of the program's file; main.py by default.
   * @returns {Promise<{exit: number | null, problem?: string}>} No exit code where MicroPython
   *   itself ended.
   */
  async run(code, options) {
    /** @type {Interpreter | null} */
    let machine = null;
    try {
      machine = await this.prepare();
      this.#next = null;
      this.#current = machine;
      const given = new Map(this.#files);
      for (const [path, content] of given) await machine.writeFile(path, content);
      const exit = await machine.run(code, options);
      await this.#bringBack(machine, given);
      return { exit };
    } catch (error) {
      return { exit: null, problem: messageOf(error) };
    } finally {
      this.#current = null;
      machine?.terminate();
      this.prepare().catch(() => {});
    }
  }

  /**
   * Gives the running program text on standard input; null is the end of input.
   *
   * @param {string | null} text
   */
  input(text) {
    this.#current?.input(text);
  }

  /** Raises KeyboardInterrupt in the running program. */
  interrupt() {
    this.#current?.interrupt();
  }

  /** Stops the running program, also one that catches KeyboardInterrupt. */
  async stop() {
    await this.#current?.stop();
  }

  /**
   * Takes over the files that the program has changed. Files that only the user has changed
   * meanwhile stay as they are.
   *
   * @param {Interpreter} machine
   * @param {Map<string, Uint8Array>} given
   */
  async #bringBack(machine, given) {
    const found = await filesOf(machine);
    const paths = new Set(found.map(({ path }) => path));
    for (const path of given.keys()) {
      if (!paths.has(path)) this.#files.delete(path);
    }
    for (const { path, size } of found) {
      if (size > LARGEST_FILE) continue;
      const content = await machine.readFile(path);
      if (!same(content, given.get(path))) this.#files.set(path, content);
    }
  }
}

/** @param {Uint8Array} one @param {Uint8Array | undefined} other */
function same(one, other) {
  return one.length === other?.length && one.every((byte, i) => byte === other[i]);
}

/** The user's files in an interpreter. @param {Interpreter} machine */
async function filesOf(machine) {
  return (await machine.listFiles()).filter(({ path }) => !path.startsWith(SITE_FOLDER) && path !== `/${PROMPT}`);
}
