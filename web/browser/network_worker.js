/**
 * The worker that owns a page's network: all transports and all connections. It serves any number
 * of interpreters, each through a port and shared memory, and is never busy with anything else, so
 * that neither a busy page nor a busy program makes the network wait.
 */

import { watchNotifications } from "../net/notifications.js";
import { AsyncNetwork } from "../net/async_network.js";
import { NetworkServer } from "../net/server.js";
import { CallServer } from "../net/call_server.js";
import { inputSource, transportBackend } from "../transports/backend.js";
import { createTransport } from "../transports/index.js";
import { serveTransport } from "../transports/port.js";

/** @type {Promise<import("../transports/index.js").Transport>} */
let transport;
/** What serves each interpreter, by number. */
const interpreters = new Map();

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
      return attachCalls(data.interpreter);
    case "calls":
      return interpreters.get(data.interpreter)?.connect(data.port);
    case "interrupt":
      return interpreters.get(data.interpreter)?.interrupt();
    case "taken":
      return interpreters.get(data.interpreter)?.taken(data.cost);
    case "attach-transport":
      return attachTransport(data);
    case "input":
      return interpreters.get(data.interpreter)?.input.push(data.bytes);
    case "end-of-input":
      return interpreters.get(data.interpreter)?.input.end();
    case "detach":
      return detach(data.interpreter);
  }
};

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
    // The interpreter may only wait for this thread once it knows that its messages arrive.
    if (data.op === "hello") port.postMessage("hello");
    else server.receive(data);
  };
}

async function attachTransport({ interpreter, port }) {
  interpreters.set(interpreter, { end: serveTransport(await transport, port) });
}

/**
 * Serves an interpreter whose calls come by a port, of which it may get another one at any time.
 */
function attachCalls(interpreter) {
  const input = inputSource();
  const opening = transport.then((transport) => {
    const network = new AsyncNetwork({ ...transportBackend(transport), input: input.input });
    return { network, server: new CallServer(network) };
  });
  const ports = [];
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

/** Lets what was sent go out, then ends the rest. */
function detach(interpreter) {
  interpreters.get(interpreter)?.end();
  interpreters.delete(interpreter);
}

function answer(id, promise) {
  promise.then(
    () => self.postMessage({ id }),
    (error) => self.postMessage({ id, error: { message: error.message, code: error.code } }),
  );
}
