/**
 * The worker's thread that runs MicroPython, the component, and how programs wait there. Each run
 * is an instance of its own, with the same files.
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
import { Exit, errorNumber, errorText, suspends, wasi } from "../wasi/index.js";
import { Waiting } from "../wasi/poll.js";
import { Changes } from "./changes.js";
import { ComponentInspector } from "./component_inspector.js";
import { Output, newOutputMemory, taken, takenSoFar } from "./output.js";
import { explanation } from "./remote.js";

/** Where programs find Mozilla's root certificates. */
const ROOTS = "/.micropython-ssl/roots.pem";
/** Milliseconds for which a program that computes may keep this thread from hearing the page. */
const LONGEST_TURN = 50;

/** Sends messages to the page. @type {(message: object, transfer?: Transferable[]) => void} */
let post;
/** @type {Component} */
let component;
let heap;
/** "required", or undefined. */
let verify;
let network;
let output;
let inspector = null;
/** Whether the program was asked to stop and does not know yet. */
let asked = false;
/** Whether WebAssembly is suspended when a function of the host returns a promise. */
let suspending = false;

const changes = new Changes((changes) => post({ op: "files", changes }));
const files = new MemoryFiles((path, content) => changes.add(path, content));

const operations = {
  start,
  run,
  list: () => files.all().filter(({ path }) => path !== ROOTS),
  read: ({ path }) => files.read(path),
  write: ({ path, content }) => files.write(path, content),
  remove: ({ path }) => files.remove(path),
};

/**
 * Serves the page on this thread.
 *
 * @param {typeof post} send Sends it messages.
 * @returns {(message: object) => Promise<void>} Takes its messages.
 */
export function serveInterpreter(send) {
  post = send;
  return async (message) => {
    const { id, op } = message;
    // What has no number is not waited for.
    const answer = (message) => id !== undefined && post({ id, ...message });
    try {
      answer({ value: await operations[op](message) });
    } catch (error) {
      answer({ error: { message: explanation(error), code: error?.code } });
    }
  };
}

/**
 * Ways to wait: each makes `network` and `output`. @type
 * {Record<string, (parts: object) => Promise<void>>}
 */
const ways = {
  /** In Atomics.wait, for the worker that owns the network and shares memory with this one. */
  async isolated({ control, port, outputMemory }) {
    const greeted = new Promise((resolve) => (port.onmessage = resolve));
    port.postMessage({ op: "hello" });
    network = new Network({ control, post: sender(port, control), onInterrupt });
    output = newOutput(outputMemory);
    // Until the network's worker is known to hear this one, waiting for it might last forever.
    await greeted;
  },

  /** In synchronous requests, which a service worker answers when the network has an answer. */
  async "service-worker"({ address }) {
    const outputMemory = newOutputMemory(ArrayBuffer);
    network = new RemoteNetwork({ call: (message) => request(address, message), onInterrupt, onTaken: (total) => takenSoFar(outputMemory, total) });
    output = newOutput(outputMemory);
    network.seen();
  },

  /**
   * By suspending the program: the event loop of this worker goes on meanwhile, and hears what the
   * page says.
   */
  async jspi({ port }) {
    const input = inputSource();
    const outputMemory = newOutputMemory(ArrayBuffer);
    network = new AsyncNetwork({ ...transportBackend(new PortTransport(port)), input: input.input });
    network.onInterrupt = onInterrupt;
    output = newOutput(outputMemory);
    suspending = true;
    operations.interrupt = () => network.interrupt();
    operations.input = ({ bytes }) => (bytes === null ? input.end() : input.push(bytes));
    operations.taken = ({ count }) => {
      taken(outputMemory, count);
      network.announce();
    };
  },
};

async function start({ mode, inspect, sources, ...parts }) {
  const loading = load(sources.component);
  await ways[mode](parts);
  component = await loading;
  for (const name of ["micropython", "engine"]) post({ op: "stage", name });
  ({ heap, verify } = sources);
  files.writeWhenOpened(ROOTS, () => fetchNow(sources.roots));
  if (inspect) inspector = new ComponentInspector((connection) => post({ op: "connection", connection }));
  network.onWait = () => {
    output.flush();
    inspector?.flush();
    changes.flush();
  };
  post({ op: "stage", name: "network" });
}

/** Runs a file to its end. @returns {Promise<number>} The exit code. */
async function run({ path, argv }) {
  changes.begin();
  network.check();
  asked = false;
  try {
    const exports = component.instantiate(imports(path, argv), { suspends: suspending ? mayBePromise : undefined, between: inspector?.between });
    await exports["wasi:cli/run"].run();
    return 0;
  } catch (error) {
    if (error instanceof Exit) return error.code;
    if (error.payload === undefined) output.write(2, new TextEncoder().encode(`${error.message}\n`));
    return 1;
  } finally {
    network.closeAll();
    inspector?.end();
    output.flush();
    changes.end();
  }
}

function imports(path, argv) {
  const waiting = new Waiting(network);
  const print = (descriptor) => (bytes) => {
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
      privateFiles() {}, // nobody else reads what is in memory
    },
  };
}

function onInterrupt() {
  asked = true;
}

/** Whether the program was asked to stop since the last call. */
let heard = 0;
function interrupted() {
  network.check();
  if (suspending && !asked && performance.now() - heard > LONGEST_TURN) return hear().then(interrupted);
  const was = asked;
  asked = false;
  return was;
}

/** Lets this thread hear what the page has said. */
const turns = new MessageChannel();
function hear() {
  return new Promise((resolve) => {
    turns.port1.onmessage = () => {
      heard = performance.now();
      resolve();
    };
    turns.port2.postMessage(null);
  });
}

function mayBePromise(name) {
  return suspends(name) || name.endsWith("host@0.1.0#interrupted");
}

/** @param {string | BufferSource} source An address, or the component itself. */
async function load(source) {
  return loadingPart("MicroPython", source, async () => {
    if (typeof source !== "string") return Component.compile(source);
    const response = await fetch(source);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return Component.compile(await response.arrayBuffer());
  });
}

/** What is at an address, fetched there and then: whoever asks is in the middle of a call. */
function fetchNow(source) {
  if (typeof source !== "string") return source;
  const request = new XMLHttpRequest();
  request.open("GET", source, false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw Object.assign(new Error(`no root certificates at ${source}`), { code: "ENOENT" });
  return new Uint8Array(request.response);
}

/** Sends a message to the service worker and waits for its answer. */
function request(address, message) {
  const request = new XMLHttpRequest();
  request.open("POST", address, false);
  request.responseType = "arraybuffer";
  request.send(message);
  // While a program runs this thread hears of no full buffer, and a browser keeps what is beyond it.
  performance.clearResourceTimings();
  if (request.status !== 200) throw new Error(`the service worker does not answer (${request.status} ${request.statusText})`);
  return request.response;
}

function newOutput(memory) {
  return new Output(memory, (descriptor, bytes) => post({ op: "output", descriptor, bytes }, [bytes.buffer]));
}
