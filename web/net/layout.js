/**
 * The memory that the interpreter's thread and the network's thread share: one control block for
 * the channel and one block for each socket. A block begins with 32-bit words; a socket's rings
 * follow them.
 *
 * @typedef {SharedArrayBuffer | ArrayBuffer} Memory An ArrayBuffer where both sides are on one
 *   thread.
 * @typedef {SharedArrayBufferConstructor | ArrayBufferConstructor} MemoryConstructor
 * @typedef {Uint8Array} Block Memory of one socket.
 */

import { LOG_WORDS } from "./handle_log.js";

/**
 * Control words. EVENT counts all events that may end a wait. INTERRUPT is set to stop the program.
 */
export const EVENT = 0;
export const INTERRUPT = 1;
/** Counts the interpreter's notifications of its sockets; see notifications.js. */
export const NOTIFICATIONS = 3;
/**
 * Logs of handles: sockets that the interpreter has notified, and sockets that the network has
 * changed.
 */
export const NOTIFIED = 4;
export const CHANGED = NOTIFIED + LOG_WORDS;
export const CONTROL_BYTES = 4 * (CHANGED + LOG_WORDS);

/** Words of a socket. Positions of the rings count bytes since the beginning and wrap at 2^32. */
export const STATE = 0;
export const ERROR = 1;
/** 1 when no more bytes will come into the receive ring. */
export const ENDED = 2;
export const RX_HEAD = 3;
export const RX_TAIL = 4;
export const TX_HEAD = 5;
export const TX_TAIL = 6;
/** 1 from the interpreter's notification until the network begins to act on it. */
export const KICKED = 7;
/** 1 while the network holds back bytes because the receive ring is full. */
export const STALLED = 8;
/** Connections that wait for accept(). */
export const PENDING = 9;
/** The errno of a datagram that could not be sent. ERROR has errors that arrived later. */
export const SEND_ERROR = 10;
/** 1 when the network will not use the memory again. Another socket can then use it. */
const RELEASED = 11;
/** 1 while the interpreter waits until the send ring is empty. */
export const FLUSHING = 12;
/**
 * The length of the text of ERROR or SEND_ERROR. The text lies between the words and the rings.
 */
const TEXT_LENGTH = 13;
/** The position that lies at the beginning of a ring. */
export const RX_START = 14;
export const TX_START = 15;
const WORDS = 16;
const TEXT_BYTES = 448;
const HEADER_BYTES = WORDS * 4 + TEXT_BYTES;

export const CONNECTED = 2;
export const FAILED = 3;

/** Words of a reply, and how many bytes of JSON may follow them. */
export const REPLY_STATUS = 0;
export const REPLY_LENGTH = 1;
export const REPLY_BYTES = 16 * 1024;
export const REPLY_WAITING = 0;
export const REPLY_DONE = 1;

const RING_BYTES = 256 * 1024;
const BLOCK_BYTES = HEADER_BYTES + 2 * RING_BYTES;
/**
 * The blocks that are made of one piece of memory. glibc takes pieces beyond 32 MiB from the
 * system, which supplies each page at its first use; so does WebKit. They clear smaller ones, and
 * use all of their pages so.
 */
const BLOCKS_OF_PIECE = 64;
/**
 * The most blocks that are made of pieces, and the most others that the pool keeps: more than one
 * garbage collection of MicroPython closes. Others are freed late, because the garbage collector of
 * each thread has to release them.
 */
const LARGEST_POOL = 128;

/**
 * New sockets get the memory of closed ones. It is large, and JavaScript would free it too late.
 */
export class MemoryPool {
  /** @type {Block[]} */
  #used = [];
  /** The piece that new blocks are made of. @type {Memory | null} */
  #piece = null;
  #made = 0;
  #Memory;

  /** @param {MemoryConstructor} Memory */
  constructor(Memory) {
    this.#Memory = Memory;
  }

  /** Memory for a new socket, with all words 0. */
  take() {
    for (let i = 0; i < this.#used.length; i++) {
      const { words } = socketViews(this.#used[i]);
      if (Atomics.load(words, RELEASED) === 1) {
        const [block] = this.#used.splice(i, 1);
        words.fill(0);
        return block;
      }
    }
    return this.#newBlock();
  }

  /**
   * Takes back the memory of a closed socket. It is used again when the network has released it.
   *
   * @param {Block} block
   */
  give(block) {
    if (isOfPiece(block) || this.#used.length < LARGEST_POOL) this.#used.push(block);
  }

  #newBlock() {
    const place = this.#made % BLOCKS_OF_PIECE;
    if (place === 0) this.#piece = this.#made < LARGEST_POOL ? this.#newPiece() : null;
    if (!this.#piece) return new Uint8Array(new this.#Memory(BLOCK_BYTES));
    this.#made++;
    return new Uint8Array(this.#piece, place * BLOCK_BYTES, BLOCK_BYTES);
  }

  /** Null where there is no room for a piece: there may be some for a block. */
  #newPiece() {
    try {
      return new this.#Memory(BLOCKS_OF_PIECE * BLOCK_BYTES);
    } catch {
      return null;
    }
  }
}

/** @param {Block} block */
function isOfPiece({ buffer, length }) {
  return buffer.byteLength > length;
}

/** Called on the network's side, which will not use this memory again. @param {Int32Array} words */
export function release(words) {
  Atomics.store(words, RELEASED, 1);
}

/** Views on the memory of one socket. @param {Block} block */
export function socketViews({ buffer, byteOffset }) {
  return {
    words: new Int32Array(buffer, byteOffset, WORDS),
    rx: new Uint8Array(buffer, byteOffset + HEADER_BYTES, RING_BYTES),
    tx: new Uint8Array(buffer, byteOffset + HEADER_BYTES + RING_BYTES, RING_BYTES),
  };
}

/**
 * Stores an error for the interpreter: its number and its text.
 *
 * @param {Int32Array} words
 * @param {number} word ERROR or SEND_ERROR.
 * @param {number} number
 * @param {string} text Cut where it is too long.
 */
export function storeError(words, word, number, text) {
  // TextEncoder and TextDecoder do not take shared memory.
  const bytes = new TextEncoder().encode(text).subarray(0, TEXT_BYTES);
  textOf(words, bytes.length).set(bytes);
  words[TEXT_LENGTH] = bytes.length;
  Atomics.store(words, word, number);
}

/**
 * Takes the stored error.
 *
 * @param {Int32Array} words
 * @param {number} word
 * @returns {{number: number, text: string}} Number 0 where there is none.
 */
export function takeError(words, word) {
  const number = Atomics.exchange(words, word, 0);
  return { number, text: number === 0 ? "" : new TextDecoder().decode(textOf(words, words[TEXT_LENGTH]).slice()) };
}

/** @param {Int32Array} words @param {number} length */
function textOf(words, length) {
  return new Uint8Array(words.buffer, words.byteOffset + WORDS * 4, length);
}
