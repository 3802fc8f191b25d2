/** The worker that runs MicroPython where it may block: the network is in another worker, and shared memory is between the two. */

import { INTERRUPT } from "../net/layout.js";
import { Network } from "../net/network.js";
import { networkModule } from "../net/module.js";
import { listFiles, readFile, removeFile, writeFile } from "./files.js";
import { hostModule } from "./host_module.js";
import { connectInput } from "../input.js";
import { Inspector } from "./inspector.js";
import { equip, loadParts } from "./interpreter.js";
import { Output } from "./output.js";

const program = { target: "", argv: [], path: [".frozen", "/lib"] };
let mp;
let network;
let output;
let forgetInput;
let inspector = null;
let words;

const operations = {
  start,
  run,
  list: () => listFiles(mp.FS),
  read: ({ path }) => readFile(mp.FS, path),
  write: ({ path, content }) => writeFile(mp.FS, path, content),
  remove: ({ path }) => removeFile(mp.FS, path),
};

self.onmessage = async ({ data }) => {
  const { id, op } = data;
  try {
    self.postMessage({ id, value: await operations[op](data) });
  } catch (error) {
    self.postMessage({ id, error: describe(error) });
  }
};

async function start({ control, port, outputMemory, sources, inspect }) {
  const greeted = new Promise((resolve) => (port.onmessage = resolve));
  port.postMessage({ op: "hello" });
  words = new Int32Array(control);
  const stage = (name) => self.postMessage({ op: "stage", name });
  const parts = await loadParts(sources, stage);
  ({ mp } = parts);
  output = new Output(outputMemory, (descriptor, bytes) => self.postMessage({ op: "output", descriptor, bytes }, [bytes.buffer]));
  network = new PatientNetwork({
    control,
    post: (message) => port.postMessage(message),
    onInterrupt: () => mp._module._mp_sched_keyboard_interrupt(),
  });
  const memory = () => mp._module.HEAPU8;
  if (inspect) inspector = new Inspector(memory, (connection) => self.postMessage({ op: "connection", connection }));
  output.connect(mp.FS, network);
  forgetInput = connectInput(mp.FS, network);
  equip(mp, parts.engine, {
    socket: (handle) => network.get(handle),
    network: networkModule(network, memory),
    host: hostModule(memory, program),
    roots: sources.roots,
    inspector,
  });
  // Until the network's worker is known to hear this one, waiting for it might last forever.
  await greeted;
  stage("network");
}

/** Runs a file to its end. */
function run({ path, argv }) {
  program.target = path;
  program.argv = argv;
  Atomics.store(words, INTERRUPT, 0);
  try {
    return mp.pyimport("_runner").run();
  } catch (error) {
    // An interrupt that came when the program had just ended.
    output.write(2, new TextEncoder().encode(`${error.message}\n`));
    return 1;
  } finally {
    network.closeAll();
    inspector?.end();
    forgetInput();
    output.flush();
  }
}

/** Lets out what is held back before it waits. */
class PatientNetwork extends Network {
  wait(seen, deadline) {
    output.flush();
    inspector?.flush();
    return super.wait(seen, deadline);
  }
}

function describe(error) {
  const blocked = error instanceof WebAssembly.CompileError && /Content Security Policy|unsafe-eval/i.test(error.message);
  const message = blocked ? `the page's Content-Security-Policy blocks WebAssembly: allow 'wasm-unsafe-eval' (${error.message})` : String(error?.message ?? error);
  return { message, code: error?.code };
}
