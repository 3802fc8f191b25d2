/** What waits in a session: bytes for its targets, and bytes and answers for its client. */

/** @import { Limits, Memory } from "./limits.js" */

/**
 * Answers that may wait for a client that does not read, for each connection it may have and
 * besides.
 */
const CONTROL_PER_CONNECTION = 16;
const CONTROL_BESIDES = 1024;

export class Backlog {
  #limits;
  #memory;
  #bytes = { up: 0, down: 0, held: 0 };
  #answers = 0;

  /** @param {Limits} limits @param {Memory} memory Of the process, which is counted in too. */
  constructor(limits, memory) {
    this.#limits = limits;
    this.#memory = memory;
  }

  /**
   * Counts bytes that wait: "up" for targets, "down" for the client, "held" from targets for want
   * of the client's credit. The count is negative when they have left.
   *
   * @param {"up" | "down" | "held"} where
   * @param {number} bytes
   */
  count(where, bytes) {
    this.#bytes[where] += bytes;
    this.#memory.used += bytes;
  }

  /** Counts packets without data that wait for the client. @param {number} packets */
  countAnswers(packets) {
    this.#answers += packets;
  }

  /** The client has left, and with it what waited for it. */
  dropDown() {
    this.count("down", -this.#bytes.down);
  }

  /** Gives all of it back to the process. */
  dropAll() {
    for (const where of /** @type {const} */ (["up", "down", "held"])) this.count(where, -this.#bytes[where]);
  }

  /** Whether the client has to wait until its targets have taken something. */
  get isFullForTargets() {
    return this.#bytes.up > this.#limits.sessionMemory || (this.#memory.full && this.#bytes.up > 0);
  }

  /**
   * Whether a packet of this cost is refused.
   *
   * @param {number} cost
   * @param {boolean} canWait Whether clients can be made to wait.
   */
  refuses(cost, canWait) {
    const { up } = this.#bytes;
    return up + cost > 2 * this.#limits.sessionMemory || (this.#memory.full && !canWait && up > 0);
  }

  /** Whether the client is so far behind that datagrams for it are dropped. */
  get isFullForClient() {
    return this.#bytes.down > this.#limits.clientBacklog;
  }

  /** Whether targets may be read for the client. */
  get takesFromTargets() {
    return !this.isFullForClient && !(this.#memory.full && this.#bytes.down > 0);
  }

  /** Whether the client has read enough for targets to be read again. */
  get isHalfEmpty() {
    return this.#bytes.down <= this.#limits.clientBacklog / 2;
  }

  /** Whether more answers wait than a client can have asked for in good faith. */
  get hasTooManyAnswers() {
    return this.#answers > CONTROL_BESIDES + CONTROL_PER_CONNECTION * this.#limits.connections;
  }
}
