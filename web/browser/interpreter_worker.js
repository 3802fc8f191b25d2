/**
 * The worker that runs MicroPython, the component, and how programs wait there. Each run is an
 * instance of its own, with the same files.
 */

import { Component } from "../component/instantiate.js";
import { loadingPart } from "../loading.js";
import { sender } from "../net/notifications.js";
import { AsyncNetwork } from "../net/async_network.js";
import { Network } from "../net/network.js";
import { RemoteNetwork } from "../net/remote_network.js";
import { inputSource, transportBackend } from "../transports/backend.js";
import { PortTransport } from "../transports/port.js";
import { filesystem } from "../wasi/filesystem.js";
import { MemoryFiles } from "../wasi/filesystem_memory.js";
import { Exit, errorNumber, errorText, setSocketOption, suspends, wasi } from "../wasi/index.js";
import { Waiting } from "../wasi/poll.js";
import { codeOf, messageOf } from "../net/errno.js";
import { Changes } from "./changes.js";
import { ComponentInspector } from "./component_inspector.js";
import { Output, newOutputMemory, taken, takenSoFar } from "./output.js";
import { explanation } from "./remote.js";

/**
 * @import { ByServiceWorker, BySuspending, Isolated, Parts } from "./attachments.js"
 * @import { Change } from "./changes.js"
 * @import { Observation } from "./observations.js"
 * @import { Descriptor } from "./output.js"
 *
 * @typedef {object} Sources
 * @property {string | ArrayBuffer | Uint8Array} component An address, or the component itself.
 * @property {string | Uint8Array} roots Mozilla's root certificates: an address, or their PEM.
 * @property {number} [heap] Bytes.
 * @property {"required"} [verify]
 *
 * @typedef {{op: "start", sources: Sources, inspect: boolean, parts: Parts}
 *   | {op: "run", path: string, argv: string[]}
 *   | {op: "list"}
 *   | {op: "read", path: string}
 *   | {op: "write", path: string, content: string | Uint8Array}
 *   | {op: "remove", path: string}
 *   | {op: "interrupt"}
 *   | {op: "input", bytes: Uint8Array | null}
 *   | {op: "taken", count: number}} Request Of the page. The last three are of mode "jspi".
 *
 * @typedef {{op: "stage", name: "micropython" | "engine" | "network"}
 *   | {op: "connection", connection: Observation}
 *   | {op: "files", changes: Change[]}
 *   | {op: "output", descriptor: Descriptor, bytes: Uint8Array}} Message To the page.
 *
 * @typedef {{interrupt: () => void, input: (bytes: Uint8Array | null) => void, taken: (count:
 *   number) => void}} Suspended The page's requests to an interpreter that is suspended.
 */

/** Where programs find Mozilla's root certificates. */
const ROOTS = "/.micropython-ssl/roots.pem";
/**
 * Milliseconds for which a program may compute before this thread takes the page's messages.
 */
const LONGEST_TURN = 50;

/** @type {Component} */
let component;
/** @type {Sources} */
let sources;
/** @type {Network | AsyncNetwork | RemoteNetwork} */
let network;
/** @type {Output} */
let output;
/** @type {ComponentInspector | null} */
let inspector = null;
/** Whether there was an interrupt that the program has not noticed yet. */
let interruptPending = false;
/**
 * Set where WebAssembly is suspended when an imported function returns a promise.
 *
 * @type {Suspended | null}
 */
let suspended = null;

const changes = new Changes((changes) => postToPage({ op: "files", changes }));
const files = new MemoryFiles((path, content) => changes.add(path, content));

/** @param {{data: Request & {id?: number}}} event */
self.onmessage = async ({ data: { id, ...request } }) => {
  // A request without a number gets no answer.
  const answer = (/** @type {object} */ message) => id !== undefined && self.postMessage({ id, ...message });
  try {
    answer({ value: await carryOut(request) });
  } catch (error) {
    answer({ error: { message: explanation(error), code: codeOf(error) } });
  }
};

/** @param {Request} request */
function carryOut(request) {
  switch (request.op) {
    case "start":
      return start(request);
    case "run":
      return run(request.path, request.argv);
    case "list":
      return files.all().filter(({ path }) => path !== ROOTS);
    case "read":
      return files.read(request.path);
    case "write":
      return files.write(request.path, request.content);
    case "remove":
      return files.remove(request.path);
    case "interrupt":
      return suspended?.interrupt();
    case "input":
      return suspended?.input(request.bytes);
    case "taken":
      return suspended?.taken(request.count);
  }
}

/** Ways to wait: each makes `network` and `output`. */
const ways = {
  /**
   * In Atomics.wait, for the worker that owns the network and shares memory with this one.
   *
   * @param {Isolated} parts
   */
  async isolated({ control, port, outputMemory }) {
    const greeted = new Promise((resolve) => (port.onmessage = resolve));
    port.postMessage({ op: "hello" });
    network = new Network({ control, post: sender(port, control), onInterrupt });
    output = newOutput(outputMemory);
    // A worker that starts while this thread waits would never get this thread's messages.
    await greeted;
  },

  /**
   * In synchronous requests, which a service worker answers when the network has an answer.
   *
   * @param {ByServiceWorker} parts
   */
  async "service-worker"({ address, port }) {
    const outputMemory = newOutputMemory(ArrayBuffer);
    network = new RemoteNetwork({
      call: (message) => request(address, message),
      post: (message, transfer) => port.postMessage(message, transfer),
      onInterrupt,
      onTaken: (total) => takenSoFar(outputMemory, total),
    });
    output = newOutput(outputMemory);
    network.seen();
  },

  /**
   * By suspending the program: the event loop of this worker goes on meanwhile, and takes the
   * page's messages.
   *
   * @param {BySuspending} parts
   */
  async jspi({ port }) {
    const input = inputSource();
    const outputMemory = newOutputMemory(ArrayBuffer);
    const waiting = new AsyncNetwork({ ...transportBackend(new PortTransport(port)), input: input.input });
    waiting.onInterrupt = onInterrupt;
    network = waiting;
    output = newOutput(outputMemory);
    suspended = {
      interrupt: () => waiting.interrupt(),
      input: (bytes) => (bytes === null ? input.end() : input.push(bytes)),
      taken(count) {
        taken(outputMemory, count);
        waiting.announce();
      },
    };
  },
};

/** @param {Extract<Request, {op: "start"}>} request */
async function start({ inspect, parts, ...request }) {
  ({ sources } = request);
  const loading = load(sources.component);
  await (parts.mode === "isolated" ? ways.isolated(parts) : parts.mode === "jspi" ? ways.jspi(parts) : ways["service-worker"](parts));
  component = await loading;
  for (const name of /** @type {const} */ (["micropython", "engine"])) postToPage({ op: "stage", name });
  files.writeWhenOpened(ROOTS, () => fetchNow(sources.roots));
  if (inspect) inspector = new ComponentInspector((connection) => postToPage({ op: "connection", connection }));
  network.onWait = () => {
    output.flush();
    inspector?.flush();
    changes.flush();
  };
  postToPage({ op: "stage", name: "network" });
}

/** @param {Message} message @param {Transferable[]} [transfer] */
function postToPage(message, transfer = []) {
  self.postMessage(message, { transfer });
}

/**
 * Runs a file to its end.
 *
 * @param {string} path
 * @param {string[]} argv
 * @returns {Promise<number>} The exit code.
 */
async function run(path, argv) {
  changes.begin();
  network.check();
  interruptPending = false;
  try {
    const exports = component.instantiate(imports(path, argv), { suspends: suspended ? mayBePromise : undefined, between: inspector?.between });
    await exports["wasi:cli/run"].run();
    return 0;
  } catch (error) {
    if (error instanceof Exit) return error.code;
    // An exception with a payload is an error of WIT: it ends a program that has printed its
    // traceback.
    if (/** @type {{payload?: unknown}} */ (error).payload === undefined) output.write(2, new TextEncoder().encode(`${messageOf(error)}\n`));
    return 1;
  } finally {
    network.closeAll();
    inspector?.end();
    output.flush();
    changes.end();
  }
}

/** @param {string} path @param {string[]} argv */
function imports(path, argv) {
  const { heap, verify } = sources;
  const waiting = new Waiting(network);
  const print = (/** @type {Descriptor} */ descriptor) => (/** @type {Uint8Array} */ bytes) => {
    output.write(descriptor, bytes);
    return waiting.until(() => output.hasRoom());
  };
  return {
    ...wasi({
      network: inspector?.network(network) ?? network,
      filesystem: filesystem(files, [["/", "/"]]),
      args: ["micropython", ...(heap ? ["-X", `heapsize=${heap}`] : []), path, ...argv.slice(1)],
      env: { MICROPYPATH: ".frozen:/lib", SSL_CERT_FILE: ROOTS, ...(verify && { MICROPYTHON_TLS_VERIFY: verify }) },
      cwd: "/",
      stdin: true,
      stdout: print(1),
      stderr: print(2),
    }),
    "micropython:ssl/host": {
      interrupted,
      rawTerminal: () => false,
      errorNumber,
      errorText,
      setTcpOption: setSocketOption,
      setUdpOption: setSocketOption,
      privateFiles() {}, // nobody else reads what is in memory
    },
  };
}

function onInterrupt() {
  interruptPending = true;
}

/** When this thread took the page's messages last. */
let lastTurn = 0;

/** Whether there was an interrupt since the last call. @returns {boolean | Promise<boolean>} */
function interrupted() {
  network.check();
  output.flushOld();
  if (suspended && !interruptPending && performance.now() - lastTurn > LONGEST_TURN) return takeMessages().then(interrupted);
  const was = interruptPending;
  interruptPending = false;
  return was;
}

const turns = new MessageChannel();

/** Lets this thread take the page's messages. @returns {Promise<void>} */
function takeMessages() {
  return new Promise((resolve) => {
    turns.port1.onmessage = () => {
      lastTurn = performance.now();
      resolve();
    };
    turns.port2.postMessage(null);
  });
}

/** @param {string} name */
function mayBePromise(name) {
  return suspends(name) || name.endsWith("host@0.1.0#interrupted");
}

/** @param {Sources["component"]} source */
async function load(source) {
  return loadingPart("MicroPython", source, async () => {
    if (typeof source !== "string") return Component.compile(source);
    const response = await fetch(source);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return Component.compile(await response.arrayBuffer());
  });
}

/**
 * Fetches an address synchronously, because the caller cannot wait for a promise.
 *
 * @param {Sources["roots"]} source
 */
function fetchNow(source) {
  if (typeof source !== "string") return source;
  const request = new XMLHttpRequest();
  request.open("GET", source, false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw Object.assign(new Error(`no root certificates at ${source}`), { code: "ENOENT" });
  return new Uint8Array(request.response);
}

/**
 * The object of all requests: Firefox keeps each that is made until the program ends.
 *
 * @type {XMLHttpRequest | null}
 */
let requests = null;

/**
 * Sends a message to the service worker and waits for its answer.
 *
 * @param {string} address
 * @param {Uint8Array<ArrayBuffer>} message
 * @returns {ArrayBuffer}
 */
function request(address, message) {
  const request = (requests ??= new XMLHttpRequest());
  request.open("POST", address, false);
  request.responseType = "arraybuffer";
  request.send(message);
  // A program that runs keeps the event of a full buffer from this thread, and the browser would
  // keep more and more entries.
  performance.clearResourceTimings();
  if (request.status !== 200) throw new Error(`the service worker does not answer (${request.status} ${request.statusText})`);
  return request.response;
}

/** @param {ArrayBuffer | SharedArrayBuffer} memory */
function newOutput(memory) {
  return new Output(memory, (descriptor, bytes) => postToPage({ op: "output", descriptor, bytes }, [bytes.buffer]));
}
