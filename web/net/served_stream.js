/** One TCP connection on the network's side: backend connection <-> rings. */

import { EIO, errnoOf, wordsOf } from "./errno.js";
import {
  CONNECTED, ENDED, ERROR, FAILED, FLUSHING, KICKED, RX_HEAD, RX_START, RX_TAIL, STALLED, STATE, TX_HEAD, TX_START, TX_TAIL, release, socketViews, storeError,
} from "./layout.js";
import { Ring } from "./ring.js";

/**
 * @import { Memory } from "./layout.js"
 * @import { Connection, ConnectionEvents, OptionValue } from "./server.js"
 */

/** What is little, in bytes: copying it takes a microsecond. */
const LITTLE = 8 * 1024;
const shared = new Uint8Array(64 * 1024);

export class ServedStream {
  #words;
  #rx;
  #tx;
  #announce;
  /** @type {import("./server.js").Connection | null} */
  #connection = null;
  /** What came while the receive ring was full. @type {Uint8Array[]} */
  #held = [];
  #paused = false;
  /** Whether the space that was asked for last is `shared`. */
  #little = true;
  #ending = false;
  #writing = false;
  /**
   * Called when close() is done; from then on the memory is not this socket's any more. @type
   * {(() => void) | null}
   */
  #closed = null;
  #released = false;
  #finishing = false;

  /** @param {Memory} memory @param {() => void} announce */
  constructor(memory, announce) {
    const { words, rx, tx } = socketViews(memory);
    this.#words = words;
    this.#rx = new Ring(words, RX_HEAD, RX_TAIL, RX_START, rx);
    this.#tx = new Ring(words, TX_HEAD, TX_TAIL, TX_START, tx);
    this.#announce = announce;
  }

  /**
   * Opens the connection; `start` gets the events and returns it.
   *
   * @param {(events: ConnectionEvents) => Connection} start
   */
  open(start) {
    try {
      this.#connection = start({
        open: () => this.#opened(),
        /** @param {Uint8Array} bytes */
        data: (bytes) => this.#data(bytes),
        space: () => this.#space(),
        /** @param {number} count */
        filled: (count) => this.#filled(count),
        end: () => this.#end(),
        /** @param {unknown} error */
        error: (error) => this.#fail(error),
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The interpreter wrote to the send ring, or made room in the receive ring. */
  notified() {
    this.#deliver();
    this.#drain();
  }

  /** @param {string} name @param {OptionValue} value */
  setOption(name, value) {
    this.#connection?.setOption(name, value);
  }

  /** How many bytes the program handed over that are not sent yet. */
  get unsent() {
    return this.#tx.used;
  }

  /** Sends what the program handed over, then ends; resolves when that is done. */
  close() {
    return new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      this.#closed = resolve;
      this.#held = [];
      this.#drain();
    });
  }

  destroy() {
    this.#connection?.destroy();
    this.#release();
  }

  #release() {
    this.#connection = null;
    if (!this.#closed || this.#released) return;
    this.#released = true;
    release(this.#words);
    this.#closed();
  }

  #opened() {
    if (this.#released) return;
    Atomics.store(this.#words, STATE, CONNECTED);
    this.#announce();
    this.#drain();
  }

  /** @param {Uint8Array} bytes */
  #data(bytes) {
    if (this.#closed) return;
    this.#held.push(bytes);
    this.#deliver();
  }

  /**
   * Asked for as soon as the last one was filled, also by who then pauses: something is left for
   * that. Where little comes at a time, it comes to memory that connections share: in the ring it
   * would come behind what was not read yet, and so in time to all of the ring.
   */
  #space() {
    const free = this.#rx.free - this.#reserve;
    const room = free > 0 ? free : this.#reserve;
    return this.#little ? shared.subarray(0, room) : this.#rx.space(room);
  }

  /** @param {number} count */
  #filled(count) {
    if (this.#closed) return;
    if (this.#little) this.#rx.write(shared, 0, count);
    else this.#rx.produced(count);
    this.#little = count < LITTLE;
    this.#announce();
    if (this.#isFull() && this.#stall()) this.#deliver();
  }

  #end() {
    this.#ending = true;
    this.#deliver();
  }

  /** @param {unknown} error */
  #fail(error) {
    if (this.#closed) return this.destroy();
    this.#connection?.destroy();
    this.#connection = null;
    this.#writing = false; // nobody will say that it is done
    const opened = Atomics.load(this.#words, STATE) === CONNECTED;
    storeError(this.#words, ERROR, errnoOf(error, EIO), wordsOf(error));
    if (!opened) Atomics.store(this.#words, STATE, FAILED);
    this.#end();
    this.#announce();
  }

  /** Moves held bytes to the receive ring; pauses the connection while they do not fit. */
  #deliver() {
    if (this.#closed) return;
    let moved = false;
    while (this.#held.length > 0) {
      const bytes = this.#held[0];
      const count = this.#rx.write(bytes, 0, bytes.length);
      moved ||= count > 0;
      if (count === bytes.length) {
        this.#held.shift();
      } else {
        this.#held[0] = bytes.subarray(count);
        if (!this.#stall()) break;
      }
    }
    if (this.#held.length === 0) {
      if (this.#ending && Atomics.exchange(this.#words, ENDED, 1) === 0) moved = true;
      if (this.#paused && (!this.#isFull() || this.#stall())) {
        Atomics.store(this.#words, STALLED, 0);
        this.#paused = false;
        this.#connection?.resume();
      }
    }
    if (moved) this.#announce();
  }

  #isFull() {
    return this.#rx.free <= this.#reserve;
  }

  get #reserve() {
    return this.#rx.bytes.length / 16;
  }

  /**
   * Asks to be called when there is room; true if there is some already, because the interpreter
   * may have read meanwhile.
   */
  #stall() {
    if (!this.#paused) {
      this.#paused = true;
      this.#connection?.pause();
    }
    Atomics.store(this.#words, STALLED, 1);
    return this.#rx.free >= this.#rx.bytes.length / 2;
  }

  /**
   * Writes what is in the send ring, one contiguous piece at a time; the piece leaves the ring when
   * it was written.
   */
  #drain() {
    if (this.#writing) return;
    if (!this.#connection || Atomics.load(this.#words, STATE) !== CONNECTED) {
      if (this.#closed) this.destroy();
      return;
    }
    for (;;) {
      const { bytes, used, readIndex } = this.#tx;
      if (used > 0) return this.#write(bytes.subarray(readIndex, Math.min(readIndex + used, bytes.length)));
      Atomics.store(this.#words, KICKED, 0);
      if (this.#tx.used === 0) break;
      Atomics.store(this.#words, KICKED, 1);
    }
    if (this.#closed && !this.#finishing) {
      this.#finishing = true;
      this.#connection.end(() => this.#release());
    }
  }

  /** @param {Uint8Array} piece */
  #write(piece) {
    this.#writing = true;
    this.#connection?.write(piece, () => {
      this.#writing = false;
      if (this.#released) return;
      const scarce = this.#tx.free < this.#tx.bytes.length / 4;
      this.#tx.consumed(piece.length);
      const flushed = this.#tx.used === 0 && Atomics.exchange(this.#words, FLUSHING, 0) === 1;
      // Else nobody waited for room: neither a send, which waits for some, nor a poll, which wants
      // a quarter.
      if (scarce || flushed) this.#announce();
      this.#drain();
    });
  }
}
