/** The thread that runs MicroPython: loads it, gives it the host's files, the network and the Python files, runs one program. */

import fs from "node:fs";
import { rootCertificates } from "node:tls";
import { fileURLToPath } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";

import { createBridge } from "../bridge.js";
import { loadEngine } from "../engine.js";
import { useLinuxErrors } from "../filesystem.js";
import { connectInput } from "../input.js";
import { PYTHON_FOLDER, registerModules } from "../modules.js";
import { COMPUTING } from "../net/layout.js";
import { networkModule } from "../net/module.js";
import { Network } from "../net/network.js";
import { StreamSocket } from "../net/stream.js";
import { mountHostFiles } from "./hostfs.js";
import { hostModule } from "./module.js";
import { connectOutput, writeAll } from "./stdio.js";

/** Words of the stack for Python's calls; the depth of recursion is limited by MicroPython before it is used up. */
const PYTHON_STACK = 64 * 1024;

/** What a shell sees of a program that wrote to a closed pipe. */
const BROKEN_PIPE = 128 + 13;

const { control, program } = workerData;
parentPort.postMessage({ op: "exit", code: await run() });

async function run() {
  let network;
  try {
    const [mp, engine] = await Promise.all([
      loadMicroPython({ pystack: PYTHON_STACK, heapsize: program.heapsize, linebuffer: false }),
      loadEngine(),
    ]);
    const unknown = program.ciphers?.find((name) => !engine.cipherSuites().includes(name));
    if (unknown !== undefined) throw new Error(`-X ciphers: there is no cipher suite ${unknown}`);
    network = new Network({
      control,
      post: (message) => parentPort.postMessage(message),
      onInterrupt: () => mp._module._mp_sched_keyboard_interrupt(),
    });
    const memory = () => mp._module.HEAPU8;
    useLinuxErrors(mp.FS);
    mountHostFiles(mp.FS, program.cwd, PYTHON_FOLDER);
    connectInput(mp.FS, network);
    connectOutput(mp.FS, network, () => exitNow(BROKEN_PIPE));
    const { tls: version, ciphers } = program;
    const { functions, prepare } = createBridge(memory, engine, { socket: (handle) => network.get(handle), version, ciphers, roots, files: mp.FS });
    network.onConnecting = prepare;
    registerModules(mp, {
      modules: {
        _mpnet: networkModule(network, memory),
        _mptls: functions,
        _mphost: hostModule(memory, program),
      },
      files: pythonFiles(new URL("../micropython/", import.meta.url)),
    });
    // Only our files and the frozen ones, so that nothing in the current folder comes in their place.
    mp.runPython(`import sys; sys.path[:] = ["${PYTHON_FOLDER}", ".frozen"]; del sys`);
    const runner = mp.pyimport("_runner");
    return program.kind === "repl" ? prompt(mp, runner, network) : runner.run();
  } catch (error) {
    const python = error.name === "PythonError";
    writeAll(2, Buffer.from(python ? error.message : `micropython-ssl: MicroPython stopped: ${error.message}\n`));
    return 1;
  } finally {
    network?.closeAll();
  }
}

/** The interactive prompt: MicroPython's own, fed with what is typed, until Ctrl-D or SystemExit; returns the exit code. */
function prompt(mp, runner, network) {
  const words = new Int32Array(control);
  const typed = StreamSocket.input(network);
  const character = new Uint8Array(1);
  runner.prepare();
  mp.replInit();
  for (;;) {
    Atomics.store(words, COMPUTING, 0);
    const count = typed.recvInto(character, 0, 1);
    Atomics.store(words, COMPUTING, 1);
    if (count === 0) return 0;
    const result = count < 0 ? 0 : mp.replProcessChar(character[0]);
    if (result) return result & 0xff;
  }
}

/** The roots that Node ships, which are Mozilla's. */
function roots() {
  return Buffer.from(rootCertificates.join("\n"));
}

/** Ends the program where it stands. */
function exitNow(code) {
  parentPort.postMessage({ op: "exit", code });
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** All Python files of a folder, by path relative to it. */
function pythonFiles(folder, prefix = "") {
  const files = {};
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const url = new URL(entry.name, folder);
    if (entry.isDirectory()) Object.assign(files, pythonFiles(new URL(`${url}/`), `${prefix}${entry.name}/`));
    else if (entry.name.endsWith(".py")) files[prefix + entry.name] = fs.readFileSync(fileURLToPath(url), "utf8");
  }
  return files;
}
