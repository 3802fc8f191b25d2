/** What programs do to their files while they run, for whoever keeps copies: the page, in case the interpreter has to be ended by force. */

import { LARGEST_COPY, isUsers, listFiles } from "./files.js";

/** What is not small is copied no more often than this, in milliseconds. */
const SMALL = 64 * 1024;
const INTERVAL = 200;
const READ_ONLY = 0;
const ACCESS_MODE = 3;

export class Changes {
  #FS;
  #tell;
  #watching = false;
  #changed = new Set();
  #told = new Map();

  /**
   * @param {object} FS MicroPython's file system.
   * @param {(changes: [path: string, content: Uint8Array | null][]) => void} tell Gets what a file is when it was closed; null for one that is gone.
   */
  constructor(FS, tell) {
    this.#FS = FS;
    this.#tell = tell;
    const { close, unlink, rename } = FS;
    FS.close = (stream) => {
      const { path, flags, node } = stream;
      close(stream);
      if (node && FS.isFile(node.mode) && (flags & ACCESS_MODE) !== READ_ONLY) this.#change(path);
    };
    FS.unlink = (path) => {
      const absolute = this.#absolute(path);
      unlink(path);
      this.#change(absolute);
    };
    FS.rename = (from, to) => {
      const before = this.#below(from);
      rename(from, to);
      for (const path of [...before, ...this.#below(to)]) this.#change(path);
    };
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

  /** Tells what has changed; nothing large twice in a short time unless `always`. */
  flush(always = false) {
    if (this.#changed.size === 0) return;
    const now = Date.now();
    const due = [...this.#changed].filter((path) => always || now - (this.#told.get(path) ?? 0) >= INTERVAL || this.#size(path) <= SMALL);
    if (due.length === 0) return;
    for (const path of due) {
      this.#changed.delete(path);
      this.#told.set(path, now);
    }
    this.#tell(due.map((path) => [path, this.#content(path)]));
  }

  #change(path) {
    if (!this.#watching || !isUsers(path)) return;
    this.#changed.add(path);
    this.flush();
  }

  #content(path) {
    const size = this.#size(path);
    return size < 0 || size > LARGEST_COPY ? null : this.#FS.readFile(path);
  }

  /** Bytes of a file; -1 where there is none. */
  #size(path) {
    const { exists, object } = this.#FS.analyzePath(path);
    return exists && this.#FS.isFile(object.mode) ? this.#FS.stat(path).size : -1;
  }

  /** The files at or below a path. */
  #below(path) {
    const FS = this.#FS;
    const absolute = this.#absolute(path);
    const { exists, object } = FS.analyzePath(absolute);
    if (!exists) return [];
    return FS.isDir(object.mode) ? listFiles(FS, absolute).map(({ path }) => path) : [absolute];
  }

  #absolute(path) {
    return this.#FS.analyzePath(path).path ?? path;
  }
}
