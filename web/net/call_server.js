/**
 * Answers the calls of an interpreter that shares neither a thread nor memory with its network; see
 * remote_network.js.
 */

import { EBADF } from "./errno.js";
import { READ_AHEAD, packCall, unpackCall } from "./call_message.js";
import { POLL_ERR, POLL_HUP, POLL_RD, POLL_WR } from "./base.js";
import { StreamSocket } from "./stream.js";

/**
 * @import { AsyncNetwork } from "./async_network.js"
 * @import { Call, Circumstances, Post, RemoteState } from "./remote_network.js"
 * @import { Socket } from "./network.js"
 */

const scratch = new Uint8Array(READ_AHEAD);

export class CallServer {
  #network;
  /** By the interpreter's handles. @type {Map<number, Socket>} */
  #sockets = new Map();
  /** The socket of standard input. It is read when the program asks. @type {Socket | null} */
  #input = null;
  #received = 0;
  #onReceived = () => {};
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

  /** Carries out a message that has no answer. @param {Post} message */
  receive(message) {
    this.#do(message);
    this.#received++;
    this.#onReceived();
  }

  /**
   * Carries out a call, after the messages that were posted before it. Calls must not overlap.
   *
   * @param {ArrayBuffer} message
   * @returns {Promise<ArrayBuffer>} Resolves with the answer.
   */
  async answer(message) {
    const unpacked = unpackCall(message);
    /** @type {Call & Circumstances} */
    const call = unpacked.fields;
    while (this.#received < call.posted) await new Promise((/** @type {(value?: undefined) => void} */ resolve) => (this.#onReceived = resolve));
    const { bytes, ...answer } = await this.#carryOut(call, unpacked.payload);
    const network = this.#network;
    network.check();
    const [received, payload] = this.#gather(call, bytes);
    const states = [...this.#sockets].map(([handle, socket]) => [handle, stateOf(socket)]);
    const state = { seen: network.seen(), states, received, taken: this.#taken, interrupted: this.#interrupted };
    this.#interrupted = false;
    return packCall({ ...answer, ...state }, payload).buffer;
  }

  /** @param {Post} message */
  #do(message) {
    const { handle } = message;
    switch (message.op) {
      case "open":
        return this.#adopt(handle, this.#network.get(this.#network.open(message.family, message.type)));
      case "input":
        this.#input = this.#network.openInput();
        return this.#adopt(handle, this.#input);
      case "do": {
        const socket = this.#sockets.get(handle);
        if (message.method === "close") this.#sockets.delete(handle);
        // The next call gets the error that a write would take.
        if (!socket || (message.method === "send" && socket.poll(0) !== 0)) return;
        methodOf(socket, message.method)(...message.args);
      }
    }
  }

  /**
   * @param {Call} call
   * @param {Uint8Array} payload
   * @returns {Promise<{bytes?: Uint8Array, result?: number} & Record<string, unknown>>}
   */
  async #carryOut(call, payload) {
    const network = this.#network;
    switch (call.op) {
      case "look":
        return { result: 0 };
      case "wait":
        return { result: await network.wait(call.seen, network.deadline(call.timeout)) };
      case "close all":
        network.closeAll();
        network.check();
        this.#sockets.clear();
        this.#interrupted = false;
        return { result: 0 };
      case "call":
        return this.#call(call, payload);
    }
  }

  /** @param {Extract<Call, {op: "call"}>} call @param {Uint8Array} payload */
  async #call({ handle, method, args, room, as = 0 }, payload) {
    const socket = this.#sockets.get(handle);
    if (!socket) return { result: -EBADF };
    const target = room === undefined ? null : new Uint8Array(room);
    const buffers = target ? [target, 0, room] : payload.length > 0 ? [payload, 0, payload.length] : [];
    const called = methodOf(socket, method)(...buffers, ...args);
    const opened = (await socket.opening) ?? 0;
    socket.opening = null;
    const result = opened < 0 ? opened : called;
    const accepted = method === "accept" && result > 0 ? this.#network.get(result) : undefined;
    if (accepted) this.#adopt(as, accepted);
    const bytes = target?.subarray(0, Math.max(0, result));
    return { result, peer: (accepted ?? socket).peer, localPort: socket.localPort, failure: socket.failure, bytes };
  }

  /**
   * The bytes of an answer: those that a call has received, and those of the other sockets that
   * take some.
   *
   * @param {Call & Circumstances} call
   * @param {Uint8Array} [bytes]
   * @returns {[[number, number][], Uint8Array]} Handles and numbers of bytes; the bytes.
   */
  #gather(call, bytes) {
    const own = call.op === "call" && bytes ? call.handle : 0;
    const pieces = new Map(own && bytes ? [[own, bytes]] : []);
    for (const [handle, socket] of this.#sockets) {
      if (handle === own || socket === this.#input || call.full.includes(handle) || !(socket instanceof StreamSocket) || socket.unread === 0) continue;
      pieces.set(handle, scratch.slice(0, socket.recvInto(scratch, 0, scratch.length)));
    }
    const payload = new Uint8Array([...pieces.values()].reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces.values()) {
      payload.set(piece, at);
      at += piece.length;
    }
    return [[...pieces].map(([handle, { length }]) => [handle, length]), payload];
  }

  /** @param {number} handle @param {Socket | null | undefined} socket */
  #adopt(handle, socket) {
    if (!socket) return;
    socket.timeout = 0;
    this.#sockets.set(handle, socket);
  }
}

/** @param {Socket} socket @param {string} name @returns {(...args: unknown[]) => any} */
function methodOf(socket, name) {
  return /** @type {Record<string, any>} */ (/** @type {unknown} */ (socket))[name].bind(socket);
}

/** The state of a socket. It leaves the socket's error for the program. @param {Socket} socket */
function stateOf(socket) {
  const ready = socket.poll(POLL_RD | POLL_WR);
  const failed = (ready & (POLL_ERR | POLL_HUP)) !== 0;
  if (!(socket instanceof StreamSocket)) return { ready, sent: socket.isSent() };
  const { ended } = socket;
  return { ready, room: failed ? undefined : socket.room(), sent: socket.isSent(), ended, over: ended && !failed && socket.unread === 0 };
}
