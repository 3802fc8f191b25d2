/**
 * Which sockets one thread has told another of, in memory that they share: how many there were, and
 * the handles of the last ones. One thread adds, another takes.
 */

const SLOTS = 64;

/** Words that a log takes. */
export const LOG_WORDS = 1 + SLOTS;

export class HandleLog {
  #words;
  #count;
  #taken = 0;

  /**
   * @param {Int32Array} words
   * @param {number} first Where the log's words begin; all of them are 0 at first.
   */
  constructor(words, first) {
    this.#words = words;
    this.#count = first;
  }

  /** @param {number} handle */
  add(handle) {
    const count = Atomics.load(this.#words, this.#count);
    Atomics.store(this.#words, this.#slot(count), handle);
    Atomics.store(this.#words, this.#count, count + 1);
  }

  /**
   * Calls with each handle that was added since the last time.
   *
   * @param {(handle: number) => void} call
   * @returns {boolean} False if there were too many to be kept: they may be of any socket, and it
   *   calls with none.
   */
  take(call) {
    const count = Atomics.load(this.#words, this.#count);
    if (count === this.#taken) return true;
    const handles = [];
    if (this.#holds(count)) for (let at = this.#taken; at !== count; at = (at + 1) | 0) handles.push(Atomics.load(this.#words, this.#slot(at)));
    // The other thread may have overwritten some meanwhile.
    const complete = this.#holds(Atomics.load(this.#words, this.#count));
    this.#taken = count;
    if (complete) handles.forEach(call);
    return complete;
  }

  /**
   * Whether the handles since the last time are there when so many were added, and one more is
   * being added.
   *
   * @param {number} count
   */
  #holds(count) {
    return ((count - this.#taken) | 0) >>> 0 < SLOTS;
  }

  /** @param {number} count */
  #slot(count) {
    return this.#count + 1 + (count & (SLOTS - 1));
  }
}
