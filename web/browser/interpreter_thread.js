/**
 * The thread that runs MicroPython, a worker or the page's own, and how it waits there. MicroPython's state is global to its thread, and so is
 * what is kept here.
 */

import { sender } from "../net/attention.js";
import { INTERRUPT } from "../net/layout.js";
import { Network } from "../net/network.js";
import { RemoteNetwork } from "../net/remote_network.js";
import { SuspendingNetwork } from "../net/suspending.js";
import { loadSuspendable } from "../jspi/stack_switching.js";
import { inputSource, transportBackend } from "../transports/backend.js";
import { portTransport } from "../transports/port.js";
import { Changes } from "./changes.js";
import { listFiles, readFile, removeFile, writeFile } from "./files.js";
import { hostModule } from "./host_module.js";
import { connectInput } from "../input.js";
import { memoryOf } from "../memory.js";
import { Inspector } from "./inspector.js";
import { equip, isolatePath, loadMicroPython, loadParts } from "./interpreter.js";
import { Output, newOutputMemory, taken, takenSoFar } from "./output.js";
import { explanation } from "./remote.js";

/** Sends messages to the page. @type {(message: object, transfer?: Transferable[]) => void} */
let post;
const program = { target: "", argv: [], path: [".frozen", "/lib"] };
let mp;
let network;
let output;
let forgetInput;
let inspector = null;
let changes;
/** Runs `_runner`; resolves with the exit code. */
let runProgram;
let forgetInterrupt;

const operations = {
  start,
  run,
  list: () => listFiles(mp.FS),
  read: ({ path }) => readFile(mp.FS, path),
  write: ({ path, content }) => writeFile(mp.FS, path, content),
  remove: ({ path }) => removeFile(mp.FS, path),
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
      answer({ error: describe(error) });
    }
  };
}

/** Ways to wait: each makes `network`, and says how programs are run. */
const ways = {
  /** In Atomics.wait, for the worker that owns the network and shares memory with this one. */
  async isolated({ control, port, outputMemory, sources }) {
    const greeted = new Promise((resolve) => (port.onmessage = resolve));
    port.postMessage({ op: "hello" });
    const words = new Int32Array(control);
    network = new Network({ control, post: sender(port, control), onInterrupt });
    output = newOutput(outputMemory);
    runProgram = () => mp.pyimport("_runner").run();
    forgetInterrupt = () => Atomics.store(words, INTERRUPT, 0);
    const parts = await loadParts(sources, stage);
    // Until the network's worker is known to hear this one, waiting for it might last forever.
    await greeted;
    return parts;
  },

  /** In synchronous requests, which a service worker answers when the network has an answer. */
  async "service-worker"({ address, sources }) {
    const outputMemory = newOutputMemory(ArrayBuffer);
    network = new RemoteNetwork({ call: (message) => request(address, message), onInterrupt, onTaken: (total) => takenSoFar(outputMemory, total) });
    output = newOutput(outputMemory);
    runProgram = () => mp.pyimport("_runner").run();
    forgetInterrupt = () => {};
    const parts = await loadParts(sources, stage);
    network.seen();
    return parts;
  },

  /** By suspending the program: the event loop of this worker goes on meanwhile, and hears what the page says. */
  async jspi({ port, sources }) {
    const input = inputSource();
    const outputMemory = newOutputMemory(ArrayBuffer);
    network = new SuspendingNetwork({ ...transportBackend(portTransport(port)), input: input.input }, onInterrupt);
    output = newOutput(outputMemory);
    forgetInterrupt = () => network.forgetInterrupt();
    operations.interrupt = () => network.interrupt();
    operations.abandon = () => network.abandon();
    operations.input = ({ bytes }) => (bytes === null ? input.end() : input.push(bytes));
    operations.taken = ({ count }) => {
      taken(outputMemory, count);
      network.announce();
    };
    let runCode;
    const parts = await loadParts(sources, stage, async () => {
      const { mp, run } = await loadSuspendable(() => loadMicroPython(sources), network);
      runCode = run;
      return mp;
    });
    runProgram = async () => {
      await runCode('__import__("_mphost").exited(__import__("_runner").run())');
      return program.exitCode;
    };
    return parts;
  },
};

async function start({ mode, inspect, ...place }) {
  const parts = await ways[mode](place);
  ({ mp } = parts);
  const memory = memoryOf(mp);
  if (inspect) inspector = new Inspector(memory, (connection) => post({ op: "connection", connection }));
  network.onWait = () => {
    output.flush();
    inspector?.flush();
    changes.flush();
  };
  output.connect(mp.FS, network);
  forgetInput = connectInput(mp.FS, network);
  equip(mp, parts.engine, {
    network,
    host: hostModule(memory, program),
    roots: place.sources.roots,
    inspector,
  });
  isolatePath(mp);
  changes = new Changes(mp.FS, (changes) => post({ op: "files", changes }));
  stage("network");
}

/** Runs a file to its end. */
async function run({ path, argv }) {
  program.target = path;
  program.argv = argv;
  forgetInterrupt();
  changes.begin();
  try {
    return await runProgram();
  } catch (error) {
    // An interrupt that came when the program had just ended.
    output.write(2, new TextEncoder().encode(`${error.message}\n`));
    return 1;
  } finally {
    network.closeAll();
    inspector?.end();
    forgetInput();
    output.flush();
    changes.end();
  }
}

/** Sends a message to the service worker and waits for its answer. */
function request(address, message) {
  const request = new XMLHttpRequest();
  request.open("POST", address, false);
  request.responseType = "arraybuffer";
  request.send(message);
  if (request.status !== 200) throw new Error(`the service worker does not answer (${request.status} ${request.statusText})`);
  return request.response;
}

function onInterrupt() {
  mp._module._mp_sched_keyboard_interrupt();
}

function newOutput(memory) {
  return new Output(memory, (descriptor, bytes) => post({ op: "output", descriptor, bytes }, [bytes.buffer]));
}

function stage(name) {
  post({ op: "stage", name });
}

function describe(error) {
  return { message: explanation(error), code: error?.code };
}
