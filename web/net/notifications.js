/**
 * How the interpreter notifies the network's thread of changed sockets. Where the threads share
 * memory, a word counts the notifications: it arrives in half the time of a message. Browsers
 * without Atomics.waitAsync use messages.
 */

import { HandleLog } from "./handle_log.js";
import { NOTIFICATIONS, NOTIFIED } from "./layout.js";

const CAN_FOLLOW = typeof Atomics.waitAsync === "function";

/**
 * Makes the function with which an interpreter sends to the network's thread: `post` of Network.
 *
 * @param {{postMessage: (message: number | object) => void}} port Leads to NetworkServer.receive().
 * @param {SharedArrayBuffer} control The channel's control memory, which the network's thread
 *   watches by watchNotifications().
 * @returns {(message: number | object) => void}
 */
export function sender(port, control) {
  const words = new Int32Array(control);
  const log = new HandleLog(words, NOTIFIED);
  return (message) => {
    if (typeof message !== "number" || !CAN_FOLLOW) return port.postMessage(message);
    log.add(message);
    Atomics.add(words, NOTIFICATIONS, 1);
    Atomics.notify(words, NOTIFICATIONS);
  };
}

/**
 * Passes the interpreter's notifications to the server.
 *
 * @param {SharedArrayBuffer} control
 * @param {import("./server.js").NetworkServer} server
 * @returns {() => void} Ends that.
 */
export function watchNotifications(control, server) {
  if (!CAN_FOLLOW) return () => {};
  const words = new Int32Array(control);
  const log = new HandleLog(words, NOTIFIED);
  return follow(words, NOTIFICATIONS, () => log.take((handle) => server.receive(handle)) || server.notifiedAll());
}

/**
 * Calls `call` at once, and whenever a word of shared memory was changed and notified. The thread
 * does not block.
 *
 * @param {Int32Array} words
 * @param {number} index
 * @param {() => void} call
 * @returns {() => void} Ends that.
 */
export function follow(words, index, call) {
  let over = false;
  (async () => {
    while (!over) {
      // The value is read before the call, so that a change during the call is not missed.
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
