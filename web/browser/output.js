/**
 * Standard output and error on their way from the interpreter's thread to the page. The page counts
 * what it has taken, so that a program that prints without end waits for it instead of filling
 * memory.
 */

/**
 * @import { EmscriptenFS } from "../filesystem.js"
 *
 * @typedef {1 | 2} Descriptor
 */

const SENT = 0;
const TAKEN = 1;
/**
 * What may be on its way, in bytes; a message counts as more than what is in it, because taking it
 * costs more.
 */
const LIMIT = 256 * 1024;
const MESSAGE_COST = 512;
const BUFFER = 16 * 1024;
const NEWLINE = 10;

/**
 * Memory that the interpreter's thread and the page count in; an ArrayBuffer where the thread
 * counts for both.
 *
 * @template {ArrayBuffer | SharedArrayBuffer} T
 * @param {{new (length: number): T}} Memory
 */
export function newOutputMemory(Memory) {
  return new Memory(8);
}

/**
 * Counts that the page has taken a message of so many bytes; whoever waits for that is to be
 * announced of it.
 *
 * @param {ArrayBuffer | SharedArrayBuffer} memory
 * @param {number} count
 */
export function taken(memory, count) {
  Atomics.add(new Int32Array(memory), TAKEN, cost(count));
}

/**
 * Sets how much the page has taken altogether, as `cost` counts it.
 *
 * @param {ArrayBuffer} memory
 * @param {number} total
 */
export function takenSoFar(memory, total) {
  new Int32Array(memory)[TAKEN] = total;
}

/** What a message of so many bytes counts as. @param {number} count */
export function cost(count) {
  return count + MESSAGE_COST;
}

/**
 * A function for bytes, which may be cut anywhere, that gives `sink` their text.
 *
 * @param {(text: string) => void} sink
 * @returns {(bytes: Uint8Array) => void}
 */
export function decoded(sink) {
  const decoder = new TextDecoder();
  return (bytes) => sink(decoder.decode(bytes, { stream: true }));
}

export class Output {
  #words;
  #post;
  #buffers = { 1: new Uint8Array(BUFFER), 2: new Uint8Array(BUFFER) };
  #used = { 1: 0, 2: 0 };
  #flushing = false;

  /**
   * @param {SharedArrayBuffer | ArrayBuffer | null} memory From newOutputMemory(); null where
   *   nothing can be waited for.
   * @param {(descriptor: Descriptor, bytes: Uint8Array<ArrayBuffer>) => void} post
   */
  constructor(memory, post) {
    this.#words = memory && new Int32Array(memory);
    this.#post = post;
  }

  /**
   * Replaces what is behind descriptors 1 and 2. What is written goes out when Python pauses.
   *
   * @param {EmscriptenFS} FS MicroPython's file system.
   */
  connect(FS) {
    for (const descriptor of /** @type {const} */ ([1, 2])) {
      FS.getStream(descriptor).stream_ops = {
        write: (stream, buffer, offset, length) => {
          this.write(descriptor, new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length));
          this.#flushSoon();
          return length;
        },
        close() {},
      };
    }
  }

  /**
   * Adds bytes; a line goes out when it ends. @param {Descriptor} descriptor @param {Uint8Array}
   * bytes
   */
  write(descriptor, bytes) {
    for (let at = 0; at < bytes.length; ) {
      const buffer = this.#buffers[descriptor];
      const count = Math.min(bytes.length - at, buffer.length - this.#used[descriptor]);
      buffer.set(bytes.subarray(at, at + count), this.#used[descriptor]);
      this.#used[descriptor] += count;
      at += count;
      if (this.#used[descriptor] === buffer.length) this.#flush(descriptor);
    }
    if (bytes.lastIndexOf(NEWLINE) >= 0) this.#flush(descriptor);
  }

  /** Whether the page has taken so much that a program need not wait. */
  hasRoom() {
    return !this.#words || Atomics.load(this.#words, SENT) - Atomics.load(this.#words, TAKEN) <= LIMIT;
  }

  /** Lets out what no newline has let out yet. */
  flush() {
    this.#flush(1);
    this.#flush(2);
  }

  #flushSoon() {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.flush();
    });
  }

  /** @param {Descriptor} descriptor */
  #flush(descriptor) {
    const used = this.#used[descriptor];
    if (used === 0) return;
    // What one stream had before the other belongs before it.
    if (descriptor === 2) this.#flush(1);
    this.#used[descriptor] = 0;
    if (this.#words) Atomics.add(this.#words, SENT, cost(used));
    this.#post(descriptor, this.#buffers[descriptor].slice(0, used));
  }
}
