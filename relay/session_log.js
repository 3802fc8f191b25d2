/** What a session writes to the log about its streams. */

import { Rate } from "./limits.js";
import { nameOf } from "./reasons.js";

/**
 * @import { SessionEntry } from "./actions.js"
 * @import { Link } from "./link.js"
 */

/** Refusals of one client that are logged in a minute. */
const REFUSALS_LOGGED = 60;

export class SessionLog {
  #write;
  #refusals = new Rate(REFUSALS_LOGGED);

  /** @param {(entry: SessionEntry) => void} write */
  constructor(write) {
    this.#write = write;
  }

  /** @param {string} target @param {number} reason @param {string} why @param {number} now */
  refused(target, reason, why, now) {
    const quietly = !this.#refusals.take("", now);
    this.#write({ event: "refused", target, reason: nameOf(reason), why, ...(quietly && { quietly }) });
  }

  /** @param {Link} link @param {string | undefined} address */
  connected({ kind, target }, address) {
    this.#write({ event: "connected", kind, target: target.text, address });
  }

  /**
   * @param {Link} link
   * @param {number | undefined} reason
   * @param {string} why
   * @param {number} now
   */
  closed({ kind, target, up, down, started }, reason, why, now) {
    this.#write({ event: "closed", kind, target: target.text, up, down, seconds: (now - started) / 1000, reason: nameOf(reason), why });
  }
}
