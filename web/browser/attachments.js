/**
 * How an interpreter is attached in each mode: its connections to the network and to the page.
 *
 * @import { Remote } from "./remote.js"
 * @import { PageNetwork } from "./network.js"
 * @import { Mode } from "./modes.js"
 *
 * @typedef {object} Isolated
 * @property {"isolated"} mode
 * @property {SharedArrayBuffer} control
 * @property {MessagePort} port
 * @property {SharedArrayBuffer} outputMemory
 *
 * @typedef {{mode: "service-worker", address: string, port: MessagePort}} ByServiceWorker
 * @typedef {{mode: "jspi", port: MessagePort}} BySuspending
 * @typedef {Isolated | ByServiceWorker | BySuspending} Parts
 *
 * @typedef {object} Attachment
 * @property {Parts} parts What its worker needs.
 * @property {Transferable[]} transfer
 * @property {(bytes: Uint8Array | null) => void} input Gives its program bytes to read on standard
 *   input; null is the end of input.
 * @property {() => void} interrupt Asks its program to stop.
 * @property {(count: number) => void} taken Reports that the page has taken an output message of so
 *   many bytes.
 * @property {() => void} detach Ends the attachment and closes the connections.
 */

import { announce, interrupt } from "../net/control.js";
import { cost, newOutputMemory, taken } from "./output.js";
import { answerCalls } from "./service_worker_calls.js";

/**
 * @param {PageNetwork} network
 * @param {Exclude<Mode, "async">} mode
 * @param {Remote} worker The interpreter's.
 * @param {string} scope Of the service worker; "" where the mode needs none.
 */
export function attachTo(network, mode, worker, scope) {
  return ATTACHMENTS[mode](network, worker, scope);
}

/**
 * @type {Record<Exclude<Mode, "async">, (network: PageNetwork, worker: Remote, scope: string) =>
 *   Attachment>}
 */
const ATTACHMENTS = {
  isolated(network) {
    const { control, port, input, detach } = network.attach();
    const outputMemory = newOutputMemory(SharedArrayBuffer);
    return {
      parts: { mode: "isolated", control, port, outputMemory },
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
    const { port, connect, input, interrupt, taken, detach } = network.attachCalls();
    const { address, stop } = answerCalls(scope, connect);
    return {
      parts: { mode: "service-worker", address, port },
      transfer: [port],
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
      parts: { mode: "jspi", port },
      transfer: [port],
      input: (bytes) => worker.post({ op: "input", bytes }),
      interrupt: () => worker.post({ op: "interrupt" }),
      taken: (count) => worker.post({ op: "taken", count }),
      detach,
    };
  },
};
