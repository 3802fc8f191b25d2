/**
 * The interpreter's calls for attention to its sockets, where both threads share memory: a word that counts them arrives in half the time of a
 * message. Browsers without Atomics.waitAsync send messages.
 */

import { ATTENTION } from "./layout.js";

const CAN_FOLLOW = typeof Atomics.waitAsync === "function";

/**
 * How an interpreter sends to the network's thread: see Network.
 *
 * @param {MessagePort} port Leads to NetworkHost.receive().
 * @param {SharedArrayBuffer} control The channel's control memory, which the network's thread watches by watchAttention().
 * @returns {(message: object | number) => void}
 */
export function sender(port, control) {
  const words = new Int32Array(control);
  return (message) => {
    if (typeof message !== "number" || !CAN_FOLLOW) return port.postMessage(message);
    Atomics.add(words, ATTENTION, 1);
    Atomics.notify(words, ATTENTION);
  };
}

/** Calls back after calls for attention. @returns {() => void} Ends that. */
export function watchAttention(control, attend) {
  return CAN_FOLLOW ? follow(new Int32Array(control), ATTENTION, attend) : () => {};
}

/**
 * Calls back at once, and whenever a word of shared memory was changed and notified, on a thread that does not wait for that.
 *
 * @returns {() => void} Ends that.
 */
export function follow(words, index, call) {
  let over = false;
  (async () => {
    while (!over) {
      // Looked at before, or a change meanwhile would be missed.
      const seen = Atomics.load(words, index);
      call();
      await Atomics.waitAsync(words, index, seen).value;
    }
  })();
  return () => {
    over = true;
    Atomics.notify(words, index);
  };
}
