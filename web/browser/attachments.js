/**
 * How an interpreter is attached to its page, in each mode: what connects it with the network and
 * with the page.
 *
 * @typedef {object} Attachment
 * @property {object} parts What its worker needs.
 * @property {Transferable[]} transfer
 * @property {(bytes: Uint8Array | null) => void} input Gives its program bytes to read, or with
 *   null the end.
 * @property {() => void} interrupt Asks its program to stop.
 * @property {(count: number) => void} taken The page has taken a message of so many bytes of
 *   output.
 * @property {() => void} detach Ends the attachment, and with it the connections.
 */

import { announce, interrupt } from "../net/network.js";
import { cost, newOutputMemory, taken } from "./output.js";
import { answerCalls } from "./service_worker_calls.js";

/**
 * @param {Awaited<ReturnType<typeof import("./network.js").startNetwork>>} network
 * @param {import("./modes.js").Mode} mode
 * @param {import("./remote.js").Remote} worker The interpreter's.
 * @param {string} [scope] Of the service worker, where the mode needs one.
 * @returns {Attachment}
 */
export function attachTo(network, mode, worker, scope) {
  return ATTACHMENTS[mode](network, worker, scope);
}

const ATTACHMENTS = {
  isolated(network) {
    const { control, port, input, detach } = network.attach();
    const outputMemory = newOutputMemory();
    return {
      parts: { control, port, outputMemory },
      transfer: [port],
      input,
      interrupt: () => interrupt(control),
      taken(count) {
        taken(outputMemory, count);
        announce(new Int32Array(control));
      },
      detach,
    };
  },

  "service-worker"(network, worker, scope) {
    const { connect, input, interrupt, taken, detach } = network.attachCalls();
    const { address, stop } = answerCalls(scope, connect);
    return {
      parts: { address },
      transfer: [],
      input,
      interrupt,
      taken: (count) => taken(cost(count)),
      detach() {
        stop();
        detach();
      },
    };
  },

  jspi(network, worker) {
    const { port, detach } = network.attachTransport();
    return {
      parts: { port },
      transfer: [port],
      input: (bytes) => worker.tell({ op: "input", bytes }),
      interrupt: () => worker.tell({ op: "interrupt" }),
      taken: (count) => worker.tell({ op: "taken", count }),
      detach,
    };
  },
};
