/** The common part of stream and datagram sockets on the interpreter's side. */

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
 * The value of fields that a socket has only while it has memory. Methods check the socket's state
 * before they use one.
 *
 * @type {any}
 */
export const UNSET = null;

export class BaseSocket extends SyncTransport {
  /**
   * The socket receives into any memory and sends from any memory. It runs no other code meanwhile.
   */
  direct = true;
  /**
   * The peer of the last accepted connection or received datagram. @type
   * {{host: string, port: number} | null}
   */
  peer = null;
  /** The bound port; 0 before bind(). */
  localPort = 0;
  handle = 0;
  /** The number of times that the network has changed the socket, counted by network.look(). */
  changes = 0;
  /** The text of the last error, from the transport or the host that reported it. */
  failure = "";
  /**
   * Resolves with 0 or -errno when the socket is open; null where that is known at once. @type
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

  /**
   * The time until which an operation that starts now may wait, in milliseconds of
   * performance.now().
   */
  deadline() {
    return this.network.deadline(this.timeout ?? Infinity);
  }

  /**
   * Stores the promise of an operation that is not done yet, and its outcome. `failed` gets the
   * errno of a failure.
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
   * Takes an error that the network has stored, and clears it.
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
   * Waits as long as the socket's timeout allows. Returns 0 to check again, or -EAGAIN, -ETIMEDOUT
   * or -EINTR.
   *
   * @param {number} seen
   * @param {number} deadline
   */
  pause(seen, deadline) {
    return this.timeout === 0 ? -EAGAIN : this.network.wait(seen, deadline);
  }
}
