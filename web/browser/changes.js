/**
 * What programs do to their files while they run, for whoever keeps copies: the page, in case the
 * interpreter has to be ended by force.
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
   * Contents by path; null for a file that is gone, or too large to be copied.
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

  /** A program begins, whose changes are to be sent. */
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
   * A file was written, and this is in it; or null, and it is gone. The content may change later.
   *
   * @param {string} path
   * @param {Uint8Array | null} content
   */
  add(path, content) {
    if (!this.#watching) return;
    this.#changed.set(path, content === null || content.length > LARGEST_COPY ? null : content);
    this.flush();
  }

  /** Sends what has changed; nothing large twice in a short time unless `always`. */
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
