/**
 * The prompt: an interpreter of its own beside the program's, in the same network, for a statement
 * at a time.
 */

import { Line } from "./line.js";
import { Machine, PROMPT } from "./machine.js";
import { Terminal } from "./terminal.js";

const PATIENCE = 500; // ms

const element = (id) => document.getElementById(id);

export class Prompt {
  #machine;
  #onFiles;
  #terminal = new Terminal(element("prompt-terminal"));
  #program = null;
  #network = null;
  #shown = false;
  #run = null;

  /**
   * @param {object} options Of startMicroPython.
   * @param {Map<string, Uint8Array>} files The user's, by path; changed when the prompt ends.
   * @param {() => void} onFiles They were.
   */
  constructor(options, files, onFiles) {
    const print = (text) => this.#terminal.write(text);
    this.#machine = new Machine({ ...options, stdout: print, stderr: print, onStage: undefined }, files);
    this.#onFiles = onFiles;
    new Line(element("prompt-input"), (text) => {
      this.#terminal.write(text);
      this.#machine.input(text);
    });
    element("prompt-interrupt").addEventListener("click", () => this.#machine.interrupt());
    element("prompt-restart").addEventListener("click", () => this.restart());
  }

  /** The network to be in from now on. */
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
    await this.#end();
    this.#terminal.clear();
    try {
      this.#program ??= await fetch("prompt.py").then((response) => response.text());
      await this.#machine.connect(this.#network);
    } catch (error) {
      return this.#terminal.say(`The prompt cannot start: ${error.message}`, "error");
    }
    this.#run = this.#machine.run(this.#program, { name: PROMPT }).then(({ problem }) => {
      this.#run = null;
      this.#terminal.say(problem === undefined ? "The prompt has ended; Restart begins anew." : `It ended: ${problem}`, "note");
      this.#onFiles();
    });
  }

  /** Ends it as its user would, and where it does not hear, by force. */
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
