/**
 * The worker that owns a page's network: all transports and all connections. It serves any number
 * of interpreters, each through a port and shared memory. It does nothing else, so the network
 * never waits for a busy page or a busy program.
 */

import { watchNotifications } from "../net/notifications.js";
import { AsyncNetwork } from "../net/async_network.js";
import { NetworkServer } from "../net/server.js";
import { CallServer } from "../net/call_server.js";
import { inputSource, transportBackend } from "../transports/backend.js";
import { createTransport } from "../transports/index.js";
import { serveTransport } from "../transports/port.js";

/**
 * @import { Transport, TransportDescription } from "../transports/index.js"
 *
 * @typedef {object} Served The functions that serve an interpreter. Each mode has some of them.
 * @property {() => void} end
 * @property {ReturnType<typeof inputSource>} [input]
 * @property {(port: MessagePort) => void} [connect]
 * @property {() => void} [interrupt]
 * @property {(cost: number) => void} [taken]
 *
 * @typedef {{op: "transport", id: number, description: TransportDescription | null}
 *   | {op: "open", id: number}
 *   | {op: "attach", interpreter: number, port: MessagePort, control: SharedArrayBuffer}
 *   | {op: "attach-transport", interpreter: number, port: MessagePort}
 *   | {op: "attach-calls", interpreter: number, port: MessagePort}
 *   | {op: "calls", interpreter: number, port: MessagePort}
 *   | {op: "interrupt", interpreter: number}
 *   | {op: "taken", interpreter: number, cost: number}
 *   | {op: "input", interpreter: number, bytes: Uint8Array}
 *   | {op: "end-of-input", interpreter: number}
 *   | {op: "detach", interpreter: number}} Message From the page.
 */

/** @type {Promise<Transport>} */
let transport;
/** By interpreter. @type {Map<number, Served>} */
const interpreters = new Map();

/** @param {{data: Message}} event */
self.onmessage = ({ data }) => {
  switch (data.op) {
    case "transport":
      transport = createTransport(data.description);
      return answer(data.id, transport.then(() => undefined));
    case "open":
      return answer(data.id, transport.then((it) => it.open({})));
    case "attach":
      return attach(data);
    case "attach-calls":
      return attachCalls(data);
    case "calls":
      return interpreters.get(data.interpreter)?.connect?.(data.port);
    case "interrupt":
      return interpreters.get(data.interpreter)?.interrupt?.();
    case "taken":
      return interpreters.get(data.interpreter)?.taken?.(data.cost);
    case "attach-transport":
      return attachTransport(data);
    case "input":
      return interpreters.get(data.interpreter)?.input?.push(data.bytes);
    case "end-of-input":
      return interpreters.get(data.interpreter)?.input?.end();
    case "detach":
      return detach(data.interpreter);
  }
};

/** @param {Extract<Message, {op: "attach"}>} message */
async function attach({ interpreter, port, control }) {
  const input = inputSource();
  const server = new NetworkServer({ ...transportBackend(await transport), input: input.input }, control);
  const stopWatching = watchNotifications(control, server);
  const end = () => {
    stopWatching();
    port.close();
    server.destroy();
  };
  interpreters.set(interpreter, { input, end });
  port.onmessage = ({ data }) => {
    // The interpreter must not wait for this thread before its messages arrive here.
    if (data.op === "hello") port.postMessage("hello");
    else server.receive(data);
  };
}

/** @param {Extract<Message, {op: "attach-transport"}>} message */
async function attachTransport({ interpreter, port }) {
  interpreters.set(interpreter, { end: serveTransport(await transport, port) });
}

/**
 * Serves an interpreter whose messages arrive on a port, and its calls on another. A new port for
 * calls may come at any time.
 *
 * @param {Extract<Message, {op: "attach-calls"}>} message
 */
function attachCalls({ interpreter, port }) {
  const input = inputSource();
  const opening = transport.then((transport) => {
    const network = new AsyncNetwork({ ...transportBackend(transport), input: input.input });
    return { network, server: new CallServer(network) };
  });
  port.onmessage = async ({ data }) => (await opening).server.receive(data);
  /** @type {MessagePort[]} */
  const ports = [port];
  interpreters.set(interpreter, {
    input,
    connect(port) {
      ports.push(port);
      port.onmessage = async ({ data }) => {
        const answer = await (await opening).server.answer(data);
        port.postMessage(answer, [answer]);
      };
      port.postMessage("here");
    },
    interrupt: () => opening.then(({ network }) => network.interrupt()),
    taken: (cost) => opening.then(({ server }) => server.taken(cost)),
    async end() {
      const { network } = await opening;
      network.closeAll();
      network.destroy();
      for (const port of ports) port.close();
    },
  });
}

/**
 * Waits until the sent bytes have left, then ends everything else of the interpreter. @param
 * {number} interpreter
 */
function detach(interpreter) {
  interpreters.get(interpreter)?.end();
  interpreters.delete(interpreter);
}

/** @param {number} id @param {Promise<void>} promise */
function answer(id, promise) {
  promise.then(
    () => self.postMessage({ id }),
    (error) => self.postMessage({ id, error: { message: error.message, code: error.code } }),
  );
}
