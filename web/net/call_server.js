/**
 * Answers the calls of an interpreter that shares neither a thread nor memory with its network; see
 * remote_network.js.
 */

import { EBADF, ENOMEM } from "./errno.js";
import { packCall, unpackCall } from "./call_message.js";
import { POLL_ERR, POLL_HUP, POLL_RD, POLL_WR } from "./base.js";

/**
 * @import { AsyncNetwork } from "./async_network.js"
 * @import { Call, RemoteState } from "./remote_network.js"
 * @import { Socket } from "./network.js"
 */

export class CallServer {
  #network;
  /** @type {Set<number>} */
  #handles = new Set();
  #interrupted = false;
  #taken = 0;

  /** @param {import("./async_network.js").AsyncNetwork} network The interpreter's own network. */
  constructor(network) {
    this.#network = network;
    network.onInterrupt = () => (this.#interrupted = true);
  }

  /** Notes that the page has taken an output message of so many bytes. @param {number} count */
  taken(count) {
    this.#taken += count;
    this.#network.announce();
  }

  /**
   * Carries out a call. Calls must not overlap.
   *
   * @param {ArrayBuffer} message
   * @returns {Promise<ArrayBuffer>} Resolves with the answer.
   */
  async answer(message) {
    const { fields, payload } = unpackCall(message);
    const { bytes, ...answer } = await this.#carryOut(fields, payload);
    const network = this.#network;
    network.check();
    /** @type {Record<number, RemoteState>} */
    const states = {};
    for (const handle of this.#handles) {
      const socket = network.get(handle);
      if (socket) states[handle] = stateOf(socket);
      else this.#handles.delete(handle);
    }
    const state = { seen: network.seen(), states, taken: this.#taken, interrupted: this.#interrupted };
    this.#interrupted = false;
    return packCall({ ...answer, ...state }, bytes).buffer;
  }

  /**
   * @param {Call} call
   * @param {Uint8Array} payload
   * @returns {Promise<{bytes?: Uint8Array, result?: number} & Record<string, unknown>>}
   */
  async #carryOut(call, payload) {
    const network = this.#network;
    switch (call.op) {
      case "open":
        return { result: this.#adopt(network.open(call.family, call.type)) };
      case "input":
        return { result: this.#adopt(network.openInput()?.handle ?? -ENOMEM) };
      case "look":
        return { result: 0 };
      case "wait":
        return { result: await network.wait(call.seen, network.deadline(call.timeout)) };
      case "lookup":
        return { ...network.lookup(call.host, call.family) };
      case "close all":
        network.closeAll();
        network.check();
        this.#interrupted = false;
        return { result: 0 };
      case "call":
        return this.#call(call, payload);
    }
  }

  /** @param {Extract<Call, {op: "call"}>} call @param {Uint8Array} payload */
  async #call({ handle, method, args, room }, payload) {
    const socket = this.#network.get(handle);
    if (!socket) return { result: -EBADF };
    socket.timeout = 0;
    const target = room === undefined ? null : new Uint8Array(room);
    const buffers = target ? [target, 0, room] : payload.length > 0 ? [payload, 0, payload.length] : [];
    const called = /** @type {Record<string, any>} */ (/** @type {unknown} */ (socket))[method](...buffers, ...args);
    const opened = (await socket.opening) ?? 0;
    socket.opening = null;
    const result = opened < 0 ? opened : called;
    if (method === "accept" && result > 0) this.#adopt(result);
    const from = method === "accept" && result > 0 ? this.#network.get(result) : socket;
    const bytes = target?.subarray(0, Math.max(0, result));
    return { result, peer: from?.peer, localPort: socket.localPort, failure: socket.failure, bytes };
  }

  /** @param {number} handle */
  #adopt(handle) {
    if (handle > 0) this.#handles.add(handle);
    return handle;
  }
}

/** The state of a socket. It leaves the socket's error for the program. @param {Socket} socket */
function stateOf(socket) {
  const ready = socket.poll(POLL_RD | POLL_WR);
  const room = !("room" in socket) || ready & (POLL_ERR | POLL_HUP) ? undefined : socket.room();
  return { ready, room, sent: socket.isSent(), ended: "ended" in socket && socket.ended };
}
