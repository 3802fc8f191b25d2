/** One connection of a session: what is known of a socket and of the stream that belongs to it. */

import { TAKES_CREDIT, TCP } from "../web/transports/wisp_packets.js";

/** Packets of one stream that the relay takes before its client waits for CONTINUE. */
export const CREDIT = TAKES_CREDIT;
/**
 * Bytes of bookkeeping that a packet which waits costs besides its own, so that tiny packets are
 * not free.
 */
const OVERHEAD = 256;

/** @param {Uint8Array} bytes */
export const costOf = (bytes) => bytes.length + OVERHEAD;

export class Link {
  /**
   * "queued" for a slot; "closing" when it was told to close.
   *
   * @type {"queued" | "resolving" | "connecting" | "open" | "closing" | "gone"}
   */
  state = "queued";
  /** Whether it has one of the session's slots. */
  hasSlot = false;
  /** Packets from before there was a socket. @type {Uint8Array[]} */
  early = [];
  /** Packets, and their cost, that the target has not taken. */
  waiting = 0;
  waitingCost = 0;
  /** Packets that the target took since the last CONTINUE. */
  taken = 0;
  /** When the target last took something, or when something began to wait for it. */
  takenAt = 0;
  /** What the target sent and the client has no room for. @type {Uint8Array | null} */
  held = null;
  reading = true;
  /** Whether the target has sent its end. */
  ended = false;
  /** Whether the client closed it while bytes waited, which still go out. */
  ending = false;
  /** Bytes that went to the target and came from it. */
  up = 0;
  down = 0;

  /**
   * @param {object} options
   * @param {number} options.key Names it between session and adapter. Never used twice, unlike a
   *   stream's number.
   * @param {number} options.stream
   * @param {number} options.streamType
   * @param {import("./targets.js").Target} options.target
   * @param {number} options.window Bytes that the client takes.
   * @param {number} options.now
   * @param {number} options.deadline
   */
  constructor({ key, stream, streamType, target, window, now, deadline }) {
    this.key = key;
    /**
     * The stream that it serves; null once the client knows that it has ended. Nothing is forwarded
     * then. @type {number | null}
     */
    this.stream = stream;
    /** @type {"tcp" | "udp"} */
    this.kind = streamType === TCP ? "tcp" : "udp";
    this.target = target;
    this.window = window;
    this.started = now;
    /** When it is given up. */
    this.deadline = deadline;
  }

  /** Whether there is a socket, or was. */
  get hasSocket() {
    return this.state === "connecting" || this.state === "open" || this.state === "closing";
  }
}
