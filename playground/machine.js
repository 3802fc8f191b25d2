/**
 * Interpreters for the page: each program gets a fresh one, the next one is made ready meanwhile,
 * and all share one network.
 */

import { startMicroPython } from "../web/browser/micropython.js";
import { messageOf } from "../web/net/errno.js";

/**
 * @import { StartOptions } from "../web/browser/micropython.js"
 * @import { PageNetwork } from "../web/browser/network.js"
 *
 * @typedef {Awaited<ReturnType<typeof startMicroPython>>} Interpreter
 */

/** The site's own files, which are not the user's. */
const SITE_FOLDER = "/certs/";
export const PROMPT = ".prompt.py";
/** Larger files are not brought to the page after a run. */
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
   * Sets the network that programs are in, and makes an interpreter ready. Resolves when that is
   * done.
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

  /** Makes the next interpreter ready. @returns {Promise<Interpreter>} */
  prepare() {
    if (!this.#next) {
      const next = startMicroPython({ ...this.#options, network: this.#network });
      this.#next = next;
      // One that failed is tried again.
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
   * @param {{name?: string}} [options] The file that the program becomes; main.py unless told.
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

  /** Gives the running program text to read; null is the end of it. @param {string | null} text */
  input(text) {
    this.#current?.input(text);
  }

  /** Raises KeyboardInterrupt in the running program, where it waits. */
  interrupt() {
    this.#current?.interrupt();
  }

  /** Stops the running program, whatever it does. */
  async stop() {
    await this.#current?.stop();
  }

  /**
   * Takes over what the program has made of its files, and leaves alone what the user has made of
   * the others meanwhile.
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
