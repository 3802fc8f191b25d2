/** The control block of a network channel, for any thread. */

import { CONTROL_BYTES, EVENT, INTERRUPT } from "./layout.js";

/** @import { Memory } from "./layout.js" */

/**
 * Memory of the block, which the network's thread shares. It is an ArrayBuffer where both sides are
 * on one thread.
 *
 * @template {Memory} T
 * @param {{new (length: number): T}} Memory
 */
export function newControlMemory(Memory) {
  return new Memory(CONTROL_BYTES);
}

/**
 * Interrupts the program of this channel, whether it waits or computes.
 *
 * @param {Memory} control
 */
export function interrupt(control) {
  const words = new Int32Array(control);
  Atomics.store(words, INTERRUPT, 1);
  announce(words);
}

/**
 * Ends the waits on this channel, so that their callers check again.
 *
 * @param {Int32Array} words
 */
export function announce(words) {
  Atomics.add(words, EVENT, 1);
  Atomics.notify(words, EVENT);
}
