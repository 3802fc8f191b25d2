/**
 * What a session sends to its client: packets, and the bytes of targets. A target is read as long
 * as the client has room for its bytes.
 */

import { DATA, TAKES_CREDIT, closePacket, continuePacket, dataPacket } from "../web/transports/wisp_packets.js";
import { CREDIT, costOf } from "./link.js";
import { WORDED } from "./reasons.js";

/**
 * @import { Action } from "./actions.js"
 * @import { Backlog } from "./backlog.js"
 * @import { Link } from "./link.js"
 */

export class ToClient {
  /** Bytes that the client takes of a new stream; it says so where it gives credit. */
  window = Infinity;
  givesCredit = false;
  #backlog;
  #act;
  #onUnread;
  #over = false;

  /**
   * @param {Backlog} backlog
   * @param {(action: Action) => void} act
   * @param {() => void} onUnread Called when more answers wait than the client can have asked for
   *   in good faith.
   */
  constructor(backlog, act, onUnread) {
    this.#backlog = backlog;
    this.#act = act;
    this.#onUnread = onUnread;
  }

  /** Says that this relay takes credit, which is the first packet of a session. */
  begin() {
    this.#send(continuePacket(0, TAKES_CREDIT));
  }

  /** The client has left: nothing is sent any more. */
  end() {
    this.#over = true;
    this.#backlog.dropDown();
  }

  /** A packet has left. @param {Uint8Array} packet */
  sent(packet) {
    if (!this.#over) this.#count(packet, -1);
  }

  /** The client gives credit, to begin with this much for a stream. @param {number} bytes */
  takeWindow(bytes) {
    this.window = bytes;
    this.givesCredit = true;
  }

  /**
   * The client may send as many packets on a stream as its target has room for.
   *
   * @param {Link} link
   */
  giveCredit(link) {
    if (link.stream !== null) this.#send(continuePacket(link.stream, Math.max(1, CREDIT - link.waiting)));
  }

  /** @param {number} stream @param {number} reason @param {string} why */
  closeStream(stream, reason, why) {
    this.#send(closePacket(stream, reason, this.givesCredit && WORDED.has(reason) ? why : ""));
  }

  /** Forwards what a target has sent. @param {Link} link @param {Uint8Array} bytes */
  forward(link, bytes) {
    if (link.kind === "tcp") this.#forwardHeld(link, link.held ? join(link.held, bytes) : bytes);
    else if (!this.#backlog.isFullForClient) this.#sendData(link, bytes);
  }

  /** The client takes more bytes of a stream. @param {Link} link @param {number} bytes */
  grant(link, bytes) {
    link.window += bytes;
    this.#forwardHeld(link, link.held);
  }

  /** Forgets what the client has no room for. @param {Link} link */
  drop(link) {
    this.#hold(link, null);
  }

  /** Reads a target, or does not, as the client has room. @param {Link} link */
  steer(link) {
    if (!link.hasSocket || link.kind === "udp") return;
    const on = link.stream === null || (!link.held && link.window > 0 && this.#backlog.takesFromTargets);
    if (on === link.reading) return;
    link.reading = on;
    this.#act({ do: "read", link: link.key, on });
  }

  /**
   * Sends what the client has room for, and holds the rest.
   *
   * @param {Link} link
   * @param {Uint8Array | null} bytes
   */
  #forwardHeld(link, bytes) {
    const room = Math.min(bytes?.length ?? 0, link.window);
    if (bytes && room > 0) this.#sendData(link, bytes.subarray(0, room));
    this.#hold(link, bytes && room < bytes.length ? bytes.subarray(room) : null);
    this.steer(link);
  }

  /** @param {Link} link @param {Uint8Array} bytes */
  #sendData(link, bytes) {
    link.window -= bytes.length;
    link.down += bytes.length;
    this.#send(dataPacket(/** @type {number} */ (link.stream), bytes));
  }

  /** @param {Link} link @param {Uint8Array | null} bytes */
  #hold(link, bytes) {
    this.#backlog.count("held", (bytes?.length ?? 0) - (link.held?.length ?? 0));
    link.held = bytes;
  }

  /** @param {Uint8Array} packet */
  #send(packet) {
    if (this.#over) return;
    this.#count(packet, 1);
    this.#act({ do: "send", packet });
    if (this.#backlog.hasTooManyAnswers) this.#onUnread();
  }

  /**
   * Counts a packet that waits (1) or has left (-1).
   *
   * @param {Uint8Array} packet
   * @param {1 | -1} sign
   */
  #count(packet, sign) {
    if (packet[0] === DATA) this.#backlog.count("down", sign * costOf(packet));
    else this.#backlog.countAnswers(sign);
  }
}

/** @param {Uint8Array} first @param {Uint8Array} second */
function join(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
