/**
 * A log of socket handles in shared memory: how many were added, and the last ones. One thread adds
 * handles, another one takes them.
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
   * Calls `call` with each handle that was added since the last take().
   *
   * @param {(handle: number) => void} call
   * @returns {boolean} False if the log could not keep all of them. Any socket may then be meant,
   *   and `call` is not called.
   */
  take(call) {
    const count = Atomics.load(this.#words, this.#count);
    if (count === this.#taken) return true;
    const handles = [];
    if (this.#holds(count)) for (let at = this.#taken; at !== count; at = (at + 1) | 0) handles.push(Atomics.load(this.#words, this.#slot(at)));
    // The other thread may have overwritten some handles meanwhile.
    const complete = this.#holds(Atomics.load(this.#words, this.#count));
    this.#taken = count;
    if (complete) handles.forEach(call);
    return complete;
  }

  /**
   * Whether the log still has all handles since the last take(), when `count` were added and one
   * more is being added.
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
