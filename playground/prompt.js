/**
 * The prompt: an interpreter of its own beside the program's, in the same network, for a statement
 * at a time.
 */

import { messageOf } from "../web/net/errno.js";
import { element } from "./element.js";
import { Line } from "./line.js";
import { Machine, PROMPT } from "./machine.js";
import { Terminal } from "./terminal.js";

/**
 * @import { StartOptions } from "../web/browser/micropython.js"
 * @import { PageNetwork } from "../web/browser/network.js"
 */

const PATIENCE = 500; // ms

export class Prompt {
  #machine;
  #onFiles;
  #terminal = new Terminal(element("prompt-terminal"));
  /** @type {string | null} */
  #program = null;
  /** @type {PageNetwork | null} */
  #network = null;
  #shown = false;
  /** @type {Promise<void> | null} */
  #run = null;

  /**
   * @param {StartOptions} options
   * @param {Map<string, Uint8Array>} files The user's, by path; changed when the prompt ends.
   * @param {() => void} onFiles They were.
   */
  constructor(options, files, onFiles) {
    const print = (/** @type {string} */ text) => this.#terminal.write(text);
    this.#machine = new Machine({ ...options, stdout: print, stderr: print, onStage: undefined }, files);
    this.#onFiles = onFiles;
    new Line(element("prompt-input", HTMLFormElement), (text) => {
      this.#terminal.write(text);
      this.#machine.input(text);
    });
    element("prompt-interrupt").addEventListener("click", () => this.#machine.interrupt());
    element("prompt-restart").addEventListener("click", () => this.restart());
  }

  /** The network to be in from now on. @param {PageNetwork} network */
  async use(network) {
    this.#network = network;
    if (this.#shown) await this.restart();
  }

  /** The person wants to see it: it starts when that is so for the first time. */
  show() {
    if (this.#shown || this.#network === null) return;
    this.#shown = true;
    this.restart();
  }

  /** Begins anew, with the user's files as they are now. */
  async restart() {
    const network = this.#network;
    if (network === null) return this.#terminal.say("The prompt starts when the network is ready.", "note");
    await this.#end();
    this.#terminal.clear();
    let program;
    try {
      program = this.#program ?? (await fetch("prompt.py").then((response) => response.text()));
      this.#program = program;
      await this.#machine.connect(network);
    } catch (error) {
      return this.#terminal.say(`The prompt cannot start: ${messageOf(error)}`, "error");
    }
    this.#run = this.#machine.run(program, { name: PROMPT }).then(({ problem }) => {
      this.#run = null;
      this.#terminal.say(problem === undefined ? "The prompt has ended; Restart begins anew." : `It ended: ${problem}`, "note");
      this.#onFiles();
    });
  }

  /** Ends it as its user would; by force where that does not end it. */
  async #end() {
    const run = this.#run;
    if (!run) return;
    this.#machine.interrupt();
    this.#machine.input(null);
    const ended = await Promise.race([run.then(() => true), new Promise((resolve) => setTimeout(resolve, PATIENCE, false))]);
    if (!ended) await this.#machine.stop().catch(() => {});
    await run;
  }
}
