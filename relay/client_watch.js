/** Whether a session reads its client, and whether the client is still there. */

/** Milliseconds between looks whether a client that is not read is still there. */
const PROBE = 1000;

export class ClientWatch {
  /** Whether the session reads the client. */
  reads = true;
  #interval;
  /** When the next ping is due. */
  #at;
  /** Whether the client answered the last ping. */
  #answered = true;

  /** @param {number} pingSeconds @param {number} now */
  constructor(pingSeconds, now) {
    this.#interval = pingSeconds * 1000;
    this.#at = now + this.#interval;
  }

  /** The client is read from now on, or not. @param {boolean} on @param {number} now */
  read(on, now) {
    this.reads = on;
    this.#answered = true;
    this.#schedule(now);
  }

  answered() {
    this.#answered = true;
  }

  /**
   * What is due now: to ping the client, or to give it up because it does not answer.
   *
   * @param {number} now
   * @returns {"ping" | "give up" | null}
   */
  due(now) {
    if (now < this.#at) return null;
    if (!this.#answered) return "give up";
    // A client that is not read cannot answer; but if it has left, writing to it shows that.
    this.#answered = !this.reads;
    this.#schedule(now);
    return "ping";
  }

  /** @param {number} now */
  #schedule(now) {
    this.#at = now + (this.reads ? this.#interval : PROBE);
  }
}
