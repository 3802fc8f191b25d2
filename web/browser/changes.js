/**
 * Reports changes of the program's files while it runs. The page keeps copies of them, because it
 * may have to terminate the interpreter.
 */

import { LARGEST_COPY } from "./files.js";

/** @typedef {[path: string, content: Uint8Array | null]} Change */

/** Milliseconds between two copies of a file that is not small. */
const SMALL = 64 * 1024;
const INTERVAL = 200;

export class Changes {
  #send;
  #watching = false;
  /**
   * Contents by path. Null for a file that was removed or is too large to be copied.
   *
   * @type {Map<string, Uint8Array | null>}
   */
  #changed = new Map();
  /** When each file was last sent. @type {Map<string, number>} */
  #sent = new Map();

  /** @param {(changes: Change[]) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /** A program begins. Its changes will be sent. */
  begin() {
    this.#watching = true;
  }

  /** The program has ended: all changes are sent. */
  end() {
    this.flush(true);
    this.#watching = false;
    this.#sent.clear();
  }

  /**
   * Notes that a file was written, or with null that it was removed. The content may change later.
   *
   * @param {string} path
   * @param {Uint8Array | null} content
   */
  add(path, content) {
    if (!this.#watching) return;
    this.#changed.set(path, content === null || content.length > LARGEST_COPY ? null : content);
    this.flush();
  }

  /** Sends the changes. A large file is not sent twice within a short time, unless `always`. */
  flush(always = false) {
    if (this.#changed.size === 0) return;
    const now = Date.now();
    const isDue = (/** @type {Change} */ [path, content]) => always || now - (this.#sent.get(path) ?? 0) >= INTERVAL || (content?.length ?? 0) <= SMALL;
    const due = [...this.#changed].filter(isDue);
    for (const [path] of due) {
      this.#changed.delete(path);
      this.#sent.set(path, now);
    }
    if (due.length > 0) this.#send(due.map(([path, content]) => [path, content && content.slice()]));
  }
}
