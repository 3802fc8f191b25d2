/** What stream and datagram sockets have in common on the interpreter's side. */

import { SyncTransport } from "./sync_transport.js";
import { EAGAIN } from "./errno.js";
import { takeError } from "./layout.js";

/** MicroPython's poll events. */
export const POLL_RD = 0x01;
export const POLL_WR = 0x04;
export const POLL_ERR = 0x08;
export const POLL_HUP = 0x10;
export const POLL_NVAL = 0x20;

/**
 * In place of what a socket has only while it has memory. Methods look at the socket's state first.
 *
 * @type {any}
 */
export const UNSET = null;

export class BaseSocket extends SyncTransport {
  /** Receives to, and sends from, any memory itself, and runs nobody else's code meanwhile. */
  direct = true;
  /** From whom the last connection or datagram came. @type {{host: string, port: number} | null} */
  peer = null;
  /** The port that was bound; 0 before. */
  localPort = 0;
  handle = 0;
  /** How often the network has changed it, as far as network.look() has counted. */
  changes = 0;
  /** What the last error was about, in the words of whoever reported it. */
  failure = "";
  /**
   * Resolves with 0 or -errno when it is open, where that is not known at once. @type
   * {Promise<number> | null}
   */
  opening = null;

  /**
   * @param {import("./network.js").Network} network
   * @param {number} family AF_INET or AF_INET6.
   */
  constructor(network, family) {
    super();
    this.network = network;
    this.family = family;
  }

  /** Until when an operation that starts now may wait, in milliseconds of performance.now(). */
  deadline() {
    return this.network.deadline(this.timeout ?? Infinity);
  }

  /**
   * Remembers the outcome of what is under way; `failed` gets the errno of a failure.
   *
   * @param {Promise<number>} pending
   * @param {(errno: number) => void} failed
   */
  expect(pending, failed) {
    this.opening = pending.then((result) => {
      if (result < 0) failed(-result);
      return result;
    });
  }

  /**
   * Takes the answer to a command.
   *
   * @param {{error?: number, text?: string}} answer
   * @returns {number} 0 or -errno.
   * @protected
   */
  answered({ error, text = "" }) {
    this.failure = text;
    return error ? -error : 0;
  }

  /**
   * Takes an error that the network has noted, once.
   *
   * @param {Int32Array} words
   * @param {number} word
   * @returns {number} An errno; 0 where there is none.
   * @protected
   */
  noted(words, word) {
    const { number, text } = takeError(words, word);
    if (number !== 0) this.failure = text;
    return number;
  }

  /**
   * Waits as the socket's timeout allows: 0 to look again, -EAGAIN, -ETIMEDOUT or -EINTR.
   *
   * @param {number} seen
   * @param {number} deadline
   */
  pause(seen, deadline) {
    return this.timeout === 0 ? -EAGAIN : this.network.wait(seen, deadline);
  }
}
