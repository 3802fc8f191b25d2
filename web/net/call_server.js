/** Answers the calls of an interpreter that shares neither a thread nor memory with its network; see remote_network.js. */

import { packCall, unpackCall } from "./call_message.js";
import { POLL_RD, POLL_WR } from "./base.js";

export class CallServer {
  #network;
  #handles = new Set();
  #interrupted = false;
  #taken = 0;

  /** @param {import("./suspending.js").SuspendingNetwork} network Its own. */
  constructor(network) {
    this.#network = network;
    network.canSuspend = () => true;
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
    const { result, bytes, ...more } = await this.#operations[fields.op](fields, payload);
    const network = this.#network;
    const ready = {};
    for (const handle of this.#handles) {
      const socket = network.get(handle);
      if (socket) ready[handle] = socket.poll(POLL_RD | POLL_WR);
      else this.#handles.delete(handle);
    }
    const state = { seen: network.seen(), ready, taken: this.#taken, interrupted: this.#interrupted };
    this.#interrupted = false;
    return packCall({ result, ...more, ...state }, bytes).buffer;
  }

  #operations = {
    open: ({ family, type }) => ({ result: this.#adopt(this.#network.open(family, type)) }),
    input: () => ({ result: this.#adopt(this.#network.openInput().handle) }),
    look: () => ({ result: this.#network.check() ? 1 : 0 }),
    wait: async ({ seen, timeout }) => ({ result: await this.#run((network) => network.wait(seen, network.deadline(timeout ?? Infinity))) }),
    lookup: async ({ host, family }) => this.#run((network) => network.lookup(host, family)),
    "close all": () => {
      this.#network.closeAll();
      this.#network.forgetInterrupt();
      this.#interrupted = false;
      return { result: 0 };
    },
    call: (call, payload) => this.#call(call, payload),
  };

  async #call({ handle, method, args, timeout, room }, payload) {
    const socket = this.#network.get(handle);
    socket.timeout = timeout ?? Infinity;
    const target = room === undefined ? null : new Uint8Array(room);
    const buffers = target ? [target, 0, room] : payload.length > 0 ? [payload, 0, payload.length] : [];
    const result = await this.#run(() => socket[method](...buffers, ...args));
    if (method === "accept" && result > 0) this.#adopt(result);
    const from = method === "accept" && result > 0 ? this.#network.get(result) : socket;
    return { result, peer: from.peer, localPort: socket.localPort, bytes: target?.subarray(0, Math.max(0, result)) };
  }

  #run(call) {
    return this.#network.suspendable(() => call(this.#network));
  }

  #adopt(handle) {
    if (handle > 0) this.#handles.add(handle);
    return handle;
  }
}
