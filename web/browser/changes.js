/**
 * What programs do to their files while they run, for whoever keeps copies: the page, in case the
 * interpreter has to be ended by force.
 */

import { LARGEST_COPY } from "./files.js";

/** What is not small is told no more often than this, in milliseconds. */
const SMALL = 64 * 1024;
const INTERVAL = 200;

export class Changes {
  #tell;
  #watching = false;
  /** Contents by path; null for a file that is gone, or too large to be copied. */
  #changed = new Map();
  #told = new Map();

  /** @param {(changes: [path: string, content: Uint8Array | null][]) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /** A program begins, whose changes are to be told. */
  begin() {
    this.#watching = true;
  }

  /** The program has ended: all that was changed is told. */
  end() {
    this.flush(true);
    this.#watching = false;
    this.#told.clear();
  }

  /**
   * A file was written, and this is in it; or null, and it is gone. The content may change later.
   */
  add(path, content) {
    if (!this.#watching) return;
    this.#changed.set(path, content === null || content.length > LARGEST_COPY ? null : content);
    this.flush();
  }

  /** Tells what has changed; nothing large twice in a short time unless `always`. */
  flush(always = false) {
    if (this.#changed.size === 0) return;
    const now = Date.now();
    const isDue = ([path, content]) => always || now - (this.#told.get(path) ?? 0) >= INTERVAL || (content?.length ?? 0) <= SMALL;
    const due = [...this.#changed].filter(isDue);
    for (const [path] of due) {
      this.#changed.delete(path);
      this.#told.set(path, now);
    }
    if (due.length > 0) this.#tell(due.map(([path, content]) => [path, content && content.slice()]));
  }
}
