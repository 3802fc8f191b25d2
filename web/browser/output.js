/**
 * Standard output and error on their way from the interpreter's thread to the page. The page counts
 * the bytes that it has taken. A program that prints without end therefore waits for the page and
 * does not fill memory.
 */

/**
 * @import { EmscriptenFS } from "../filesystem.js"
 *
 * @typedef {1 | 2} Descriptor
 */

const SENT = 0;
const TAKEN = 1;
/**
 * The most bytes that may be on their way. A message counts as more than its bytes, because taking
 * it costs time too.
 */
const LIMIT = 256 * 1024;
const MESSAGE_COST = 512;
const BUFFER = 16 * 1024;
const NEWLINE = 10;
/** How long a line that has not ended may wait to be sent, in milliseconds. */
const PATIENCE = 20;

/**
 * Memory with the counters of the interpreter's thread and of the page. It is an ArrayBuffer where
 * the interpreter's thread counts for both.
 *
 * @template {ArrayBuffer | SharedArrayBuffer} T
 * @param {{new (length: number): T}} Memory
 */
export function newOutputMemory(Memory) {
  return new Memory(8);
}

/**
 * Counts that the page has taken a message of so many bytes. The caller then has to wake the
 * threads that wait for it.
 *
 * @param {ArrayBuffer | SharedArrayBuffer} memory
 * @param {number} count
 */
export function taken(memory, count) {
  Atomics.add(new Int32Array(memory), TAKEN, cost(count));
}

/**
 * Sets the total that the page has taken, in the unit of `cost`.
 *
 * @param {ArrayBuffer} memory
 * @param {number} total
 */
export function takenSoFar(memory, total) {
  new Int32Array(memory)[TAKEN] = total;
}

/** The cost of a message of so many bytes. @param {number} count */
export function cost(count) {
  return count + MESSAGE_COST;
}

/**
 * A function that decodes bytes and gives their text to `sink`. The bytes may be cut anywhere.
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
  /** When the oldest bytes that are not sent were written. */
  #since = 0;
  #flushing = false;

  /**
   * @param {SharedArrayBuffer | ArrayBuffer | null} memory From newOutputMemory(); null where no
   *   call may wait.
   * @param {(descriptor: Descriptor, bytes: Uint8Array<ArrayBuffer>) => void} post
   */
  constructor(memory, post) {
    this.#words = memory && new Int32Array(memory);
    this.#post = post;
  }

  /**
   * Replaces the files behind descriptors 1 and 2. Output is sent when Python pauses.
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
   * Adds bytes. A line is sent when it ends. @param {Descriptor} descriptor @param {Uint8Array}
   * bytes
   */
  write(descriptor, bytes) {
    if (!this.#isPending()) this.#since = performance.now();
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

  /** Sends lines that have not ended and have waited for long. A program that computes calls it. */
  flushOld() {
    if (this.#isPending() && performance.now() - this.#since > PATIENCE) this.flush();
  }

  #isPending() {
    return this.#used[1] > 0 || this.#used[2] > 0;
  }

  /** Sends lines that have not ended too. */
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
    // Standard output that was printed before this standard error is sent first.
    if (descriptor === 2) this.#flush(1);
    this.#used[descriptor] = 0;
    if (this.#words) Atomics.add(this.#words, SENT, cost(used));
    this.#post(descriptor, this.#buffers[descriptor].slice(0, used));
  }
}
