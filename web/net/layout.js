/**
 * What the interpreter's thread and the network's thread share: one control block for the channel
 * and one block for each socket. A block begins with 32-bit words; a socket's rings follow them.
 *
 * @typedef {SharedArrayBuffer | ArrayBuffer} Memory An ArrayBuffer where both sides are on one
 *   thread.
 * @typedef {SharedArrayBufferConstructor | ArrayBufferConstructor} MemoryConstructor
 */

import { LOG_WORDS } from "./handle_log.js";

/**
 * Control words. EVENT counts everything that may end a wait; INTERRUPT is set by whoever wants the
 * program to stop.
 */
export const EVENT = 0;
export const INTERRUPT = 1;
/** Counts the interpreter's notifications of its sockets; see notifications.js. */
export const NOTIFICATIONS = 3;
/**
 * Logs of handles: of sockets that the interpreter has notified, and of those that the network has
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
/** 1 from the interpreter's notification until the network begins to serve it. */
export const KICKED = 7;
/** 1 while the network holds bytes back because the receive ring is full. */
export const STALLED = 8;
/** Connections that wait for accept(). */
export const PENDING = 9;
/** Why a datagram could not be sent; ERROR is what came back later. */
export const SEND_ERROR = 10;
/** 1 when the network will not touch the memory again, so that it can serve another socket. */
const RELEASED = 11;
/** 1 while the interpreter waits until what is in the send ring was sent. */
export const FLUSHING = 12;
/**
 * How many bytes of text say what ERROR or SEND_ERROR is about; they lie between the words and the
 * rings.
 */
const TEXT_LENGTH = 13;
/** Which position lies at the beginning of a ring. */
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
/**
 * More than a collection closes at once; what is not kept here is freed late, since each thread's
 * collector has to let go of it.
 */
const LARGEST_POOL = 128;

/**
 * Memory of one socket.
 *
 * @param {MemoryConstructor} [Memory]
 */
function newSocketMemory(Memory = SharedArrayBuffer, ringBytes = RING_BYTES) {
  return new Memory(HEADER_BYTES + 2 * ringBytes);
}

/**
 * Sockets that were closed give their memory to new ones: it is large, and not freed soon enough by
 * itself.
 */
export class MemoryPool {
  /** @type {Memory[]} */
  #used = [];
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
        const [memory] = this.#used.splice(i, 1);
        words.fill(0);
        return memory;
      }
    }
    return newSocketMemory(this.#Memory);
  }

  /**
   * Takes the memory of a socket that was closed; it is used again when the network has released
   * it.
   *
   * @param {Memory} memory
   */
  give(memory) {
    if (this.#used.length < LARGEST_POOL) this.#used.push(memory);
  }
}

/** The network releases memory of the socket that owned it. @param {Int32Array} words */
export function release(words) {
  Atomics.store(words, RELEASED, 1);
}

/**
 * Views on the memory of one socket.
 *
 * @param {SharedArrayBuffer | ArrayBuffer} memory
 */
export function socketViews(memory) {
  const words = new Int32Array(memory, 0, WORDS);
  const size = (memory.byteLength - HEADER_BYTES) / 2;
  return {
    words,
    rx: new Uint8Array(memory, HEADER_BYTES, size),
    tx: new Uint8Array(memory, HEADER_BYTES + size, size),
  };
}

/**
 * Notes an error for the interpreter: its number, and what it is about.
 *
 * @param {Int32Array} words
 * @param {number} word ERROR or SEND_ERROR.
 * @param {number} number
 * @param {string} text Cut where it is too long.
 */
export function storeError(words, word, number, text) {
  // Neither coder works on shared memory.
  const bytes = new TextEncoder().encode(text).subarray(0, TEXT_BYTES);
  textOf(words, bytes.length).set(bytes);
  words[TEXT_LENGTH] = bytes.length;
  Atomics.store(words, word, number);
}

/**
 * Takes an error that was noted.
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
