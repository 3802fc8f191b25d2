/**
 * The prompt: a second interpreter beside the program's, in the same network. It runs one statement
 * at a time.
 */

import { messageOf } from "../web/net/errno.js";
import { element } from "./element.js";
import { Line } from "./line.js";
import { Machine, PROMPT } from "./machine.js";
import { Terminal } from "./terminal.js";

/**
 * @import { StartOptions } from "../web/browser/start_options.js"
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
   * @param {() => void} onFiles Called when the prompt has changed files.
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

  /** Sets the prompt's network. @param {PageNetwork} network */
  async use(network) {
    this.#network = network;
    if (this.#shown) await this.restart();
  }

  /** The user opens the prompt. It starts when it is opened for the first time. */
  show() {
    if (this.#shown || this.#network === null) return;
    this.#shown = true;
    this.restart();
  }

  /** Starts a new interpreter with the user's current files. */
  async restart() {
    const network = this.#network;
    if (network === null) return this.#terminal.printLine("The prompt starts when the network is ready.", "note");
    await this.#end();
    this.#terminal.clear();
    let program;
    try {
      program = this.#program ?? (await fetch("prompt.py").then((response) => response.text()));
      this.#program = program;
      await this.#machine.connect(network);
    } catch (error) {
      return this.#terminal.printLine(`The prompt cannot start: ${messageOf(error)}`, "error");
    }
    this.#run = this.#machine.run(program, { name: PROMPT }).then(({ problem }) => {
      this.#run = null;
      this.#terminal.printLine(problem === undefined ? "The prompt has ended; Restart begins anew." : `It ended: ${problem}`, "note");
      this.#onFiles();
    });
  }

  /** Ends the prompt by an interrupt and the end of input. Terminates it if it goes on. */
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
