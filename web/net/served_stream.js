/** One TCP connection on the network's side: backend connection <-> rings. */

import { EIO, errnoOf, wordsOf } from "./errno.js";
import {
  CONNECTED, ENDED, ERROR, FAILED, FLUSHING, KICKED, RX_HEAD, RX_START, RX_TAIL, STALLED, STATE, TX_HEAD, TX_START, TX_TAIL, release, socketViews, storeError,
} from "./layout.js";
import { Ring } from "./ring.js";

/**
 * @import { Block } from "./layout.js"
 * @import { Connection, ConnectionEvents, OptionValue } from "./server.js"
 */

/** The most bytes of a small piece. Copying it takes a microsecond. */
const SMALL = 8 * 1024;
const shared = new Uint8Array(64 * 1024);

export class ServedStream {
  #words;
  #rx;
  #tx;
  #announce;
  /** @type {import("./server.js").Connection | null} */
  #connection = null;
  /** Bytes that arrived while the receive ring was full. @type {Uint8Array[]} */
  #held = [];
  #paused = false;
  /** Whether the last result of #space() was `shared`. */
  #small = true;
  #ending = false;
  #writing = false;
  /**
   * Called when close() is done. The socket must not use its memory afterwards. @type
   * {(() => void) | null}
   */
  #closed = null;
  #released = false;
  #finishing = false;

  /** @param {Block} memory @param {() => void} announce */
  constructor(memory, announce) {
    const { words, rx, tx } = socketViews(memory);
    this.#words = words;
    this.#rx = new Ring(words, RX_HEAD, RX_TAIL, RX_START, rx);
    this.#tx = new Ring(words, TX_HEAD, TX_TAIL, TX_START, tx);
    this.#announce = announce;
  }

  /**
   * Opens the connection. `start` gets the events and returns the connection.
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

  /** The number of bytes that the program has written and that are not sent yet. */
  get unsent() {
    return this.#tx.used;
  }

  /** Sends what the program has written, then ends the connection. Resolves when that is done. */
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
   * Memory for the next bytes. The backend calls this as soon as the last memory is filled, even if
   * it then pauses, so the ring always keeps some room. Small pieces go to memory that all
   * connections share and are copied from there. Written into the ring directly, each would come
   * after bytes that are not read yet, and in time they would use all of the ring's memory.
   */
  #space() {
    const free = this.#rx.free - this.#reserve;
    const room = free > 0 ? free : this.#reserve;
    return this.#small ? shared.subarray(0, room) : this.#rx.space(room);
  }

  /** @param {number} count */
  #filled(count) {
    if (this.#closed) return;
    if (this.#small) this.#rx.write(shared, 0, count);
    else this.#rx.produced(count);
    this.#small = count < SMALL;
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
    this.#writing = false; // no call of `done` follows
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
   * Asks the interpreter to notify when there is room. True if there is room already, because the
   * interpreter may have read meanwhile.
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
   * Writes the bytes of the send ring, one contiguous piece at a time. A piece leaves the ring when
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
      // Otherwise no caller waited for room: a send waits for some room, and a poll for a quarter
      // of the ring.
      if (scarce || flushed) this.#announce();
      this.#drain();
    });
  }
}
