/** Answers the calls of an interpreter that shares neither a thread nor memory with its network; see remote_network.js. */

import { packCall, unpackCall } from "./call_message.js";
import { POLL_ERR, POLL_HUP, POLL_RD, POLL_WR } from "./base.js";

export class CallServer {
  #network;
  #handles = new Set();
  #interrupted = false;
  #taken = 0;

  /** @param {import("./async_network.js").AsyncNetwork} network Its own. */
  constructor(network) {
    this.#network = network;
    network.onInterrupt = () => (this.#interrupted = true);
  }

  /** The page has taken a message of output of so many bytes. */
  taken(count) {
    this.#taken += count;
    this.#network.announce();
  }

  /**
   * Carries a call out. One at a time.
   *
   * @param {ArrayBuffer} message
   * @returns {Promise<ArrayBuffer>} The answer, when there is one.
   */
  async answer(message) {
    const { fields, payload } = unpackCall(message);
    const { bytes, ...answer } = await this.#operations[fields.op](fields, payload);
    const network = this.#network;
    network.check();
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

  #operations = {
    open: ({ family, type }) => ({ result: this.#adopt(this.#network.open(family, type)) }),
    input: () => ({ result: this.#adopt(this.#network.openInput().handle) }),
    look: () => ({ result: 0 }),
    wait: async ({ seen, timeout }) => ({ result: await this.#network.wait(seen, this.#network.deadline(timeout)) }),
    lookup: ({ host, family }) => this.#network.lookup(host, family),
    "close all": () => {
      this.#network.closeAll();
      this.#network.check();
      this.#interrupted = false;
      return { result: 0 };
    },
    call: (call, payload) => this.#call(call, payload),
  };

  async #call({ handle, method, args, room }, payload) {
    const socket = this.#network.get(handle);
    socket.timeout = 0;
    const target = room === undefined ? null : new Uint8Array(room);
    const buffers = target ? [target, 0, room] : payload.length > 0 ? [payload, 0, payload.length] : [];
    const called = socket[method](...buffers, ...args);
    const opened = (await socket.opening) ?? 0;
    socket.opening = null;
    const result = opened < 0 ? opened : called;
    if (method === "accept" && result > 0) this.#adopt(result);
    const from = method === "accept" && result > 0 ? this.#network.get(result) : socket;
    return { result, peer: from.peer, localPort: socket.localPort, bytes: target?.subarray(0, Math.max(0, result)) };
  }

  #adopt(handle) {
    if (handle > 0) this.#handles.add(handle);
    return handle;
  }
}

/** How a socket is. Its error is for the program to take. */
function stateOf(socket) {
  const ready = socket.poll(POLL_RD | POLL_WR);
  const room = ready & (POLL_ERR | POLL_HUP) ? undefined : socket.room?.();
  return { ready, room, sent: socket.isSent(), ended: socket.ended };
}
