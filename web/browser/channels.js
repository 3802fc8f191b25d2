/**
 * How an interpreter on this thread reaches the network.
 *
 * @import { Backend } from "../net/server.js"
 * @import { TransportDescription, TransportOption } from "../transports/index.js"
 *
 * @typedef {object} Channel
 * @property {"async" | "isolated"} mode
 * @property {import("../net/network.js").Network} network
 * @property {(bytes: Uint8Array | null) => void} input Gives the program bytes to read on standard
 *   input; null is the end of input.
 * @property {() => void} close
 */

import { follow, sender } from "../net/notifications.js";
import { EVENT } from "../net/layout.js";
import { LocalNetwork } from "../net/local_network.js";
import { Network } from "../net/network.js";
import { inputSource, transportBackend } from "../transports/backend.js";
import { createTransport } from "../transports/index.js";
import { sharesMemory } from "./modes.js";
import { startNetwork } from "./network.js";
import { described } from "./sources.js";

/** Milliseconds between checks for events in browsers without Atomics.waitAsync. */
const INTERVAL = 10;

/**
 * Whether calls may wait on this thread. They may in a worker that can share memory with another
 * one.
 */
export function mayWait() {
  return sharesMemory() && typeof document === "undefined" && typeof Worker === "function";
}

/**
 * A channel whose network runs on this thread too. Nothing waits.
 *
 * @param {object} options
 * @param {TransportOption} [options.transport] The host's own sockets in Node, unless given.
 * @param {() => void} options.onEvent
 * @returns {Promise<Channel>}
 */
export async function localChannel({ transport, onEvent }) {
  const { backend, close } = await backendOf(transport);
  const { input, push, end } = inputSource();
  const network = new LocalNetwork({ ...backend, input }, onEvent);
  return {
    mode: "async",
    network,
    input: (bytes) => (bytes === null ? end() : push(bytes)),
    close() {
      network.destroy();
      close();
    },
  };
}

/**
 * A channel whose network runs on a worker of its own. This thread may wait for it.
 *
 * @param {object} options
 * @param {TransportDescription | null} [options.transport]
 * @param {() => void} options.onEvent
 * @param {() => void} options.onInterrupt
 * @returns {Promise<Channel>}
 */
export async function isolatedChannel({ transport = null, onEvent, onInterrupt }) {
  const page = await startNetwork({ transport });
  const { control, port, input, detach } = page.attach();
  const greeted = new Promise((resolve) => (port.onmessage = resolve));
  port.postMessage({ op: "hello" });
  const network = new Network({ control, post: sender(port, control), onInterrupt });
  await greeted;
  const stopWatching = watchEvents(new Int32Array(control), onEvent);
  return {
    mode: "isolated",
    network,
    input,
    close() {
      stopWatching();
      network.closeAll();
      detach();
      page.close();
    },
  };
}

/** The host's own sockets. @type {Omit<Backend, "input"> | null} */
let hostNetwork = null;

/**
 * Sets the host's own sockets, which are used when no transport is given. Only the entry for Node
 * calls this, so that bundlers for pages do not find Node's modules.
 *
 * @param {Omit<Backend, "input">} backend
 */
export function useHostNetwork(backend) {
  hostNetwork = backend;
}

/** @param {TransportOption} [transport] */
async function backendOf(transport) {
  if (transport === undefined && hostNetwork) return { backend: hostNetwork, close() {} };
  const made = await createTransport(described(transport));
  return { backend: transportBackend(made), close: () => made.close() };
}

/**
 * Calls `onEvent` after events that arrive while this thread does not wait.
 *
 * @param {Int32Array} words
 * @param {() => void} onEvent
 * @returns {() => void} Ends that.
 */
function watchEvents(words, onEvent) {
  if (typeof Atomics.waitAsync === "function") return follow(words, EVENT, onEvent);
  const timer = setInterval(onEvent, INTERVAL);
  return () => clearInterval(timer);
}
