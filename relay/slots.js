/** The sockets that a session may have at a time. Links wait for one in the order they came in. */

/** @import { Link } from "./link.js" */

export class Slots {
  #limit;
  #taken = 0;
  /** @type {Link[]} */
  #queue = [];

  /** @param {number} limit */
  constructor(limit) {
    this.#limit = limit;
  }

  get taken() {
    return this.#taken;
  }

  /** The link waits for a slot. @param {Link} link */
  add(link) {
    this.#queue.push(link);
  }

  /** Gives a free slot to the link that has waited longest; null if there is no slot or no link. */
  next() {
    while (this.#taken < this.#limit && this.#queue.length > 0) {
      const link = /** @type {Link} */ (this.#queue.shift());
      if (link.state !== "queued") continue; // it was closed meanwhile
      this.#taken += 1;
      link.hasSlot = true;
      return link;
    }
    return null;
  }

  /** Takes a link's slot back; false if it has none. @param {Link} link */
  free(link) {
    if (!link.hasSlot) return false;
    link.hasSlot = false;
    this.#taken -= 1;
    return true;
  }

  /** No link waits any more. */
  clear() {
    this.#queue = [];
  }
}
