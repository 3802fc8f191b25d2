/** The thread that runs MicroPython: the component, with the host's files, network and terminal. */

import fs from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

import { stackOf } from "../net/errno.js";
import { filesystem } from "../wasi/filesystem.js";
import { MemoryFiles } from "../wasi/filesystem_memory.js";
import { hostFiles, pathInPrograms } from "../wasi/filesystem_node.js";
import { Component, Exit, errorNumber, errorText, setSocketOption, wasi } from "../wasi/index.js";
import { hostRoots } from "./roots.js";
import { writeAll } from "./stdio.js";
import { connectNetwork } from "./wasi.js";

/**
 * @import { MessagePort } from "node:worker_threads"
 * @import { Network } from "../net/network.js"
 *
 * @typedef {{op: "exit", code: number} | {op: "raw terminal", on: boolean, done: Int32Array}}
 *   Message A message of this thread to the runner.
 */

const COMPONENT = new URL("../../dist/micropython.host.wasm", import.meta.url);

/** The exit code that a shell has for a program that wrote to a closed pipe. */
const BROKEN_PIPE = 128 + 13;

/** A folder in memory, not on the host, and the file of root certificates in it. */
const SHIPPED = "/.micropython-ssl";
const ROOTS = `${SHIPPED}/roots.pem`;

/** The host's files. A copy, because this program may set the mode of new files. */
const programFiles = { ...hostFiles };

const { control, program } = workerData;
const port = /** @type {MessagePort} */ (parentPort); // every worker has one
postToRunner({ op: "exit", code: await run() });

/** @param {Message} message */
function postToRunner(message) {
  port.postMessage(message);
}

async function run() {
  const network = connectNetwork(control, port);
  try {
    const component = await Component.compile(fs.readFileSync(COMPONENT));
    const exports = component.instantiate({ ...wasiOf(network), "micropython:ssl/host": hostOf(network) });
    exports["wasi:cli/run"].run();
    return 0;
  } catch (error) {
    if (error instanceof Exit) return error.code;
    writeAll(2, Buffer.from(`micropython-ssl: MicroPython stopped: ${stackOf(error)}\n`));
    return 1;
  } finally {
    network.closeAll();
  }
}

/** @param {Network} network */
function wasiOf(network) {
  return wasi({
    network,
    filesystem: files(),
    args: program.args,
    env: { SSL_CERT_FILE: ROOTS, ...process.env, ...program.env },
    cwd: pathInPrograms(program.cwd),
    stdin: true,
    stdout: (bytes) => write(1, bytes),
    stderr: (bytes) => write(2, bytes),
    terminals: program.terminals,
  });
}

/** The functions that MicroPython imports besides WASI's. @param {Network} network */
function hostOf(network) {
  let interrupted = false;
  network.onInterrupt = () => (interrupted = true);
  return {
    interrupted() {
      network.check();
      const was = interrupted;
      interrupted = false;
      return was;
    },
    rawTerminal(/** @type {boolean} */ on) {
      if (!program.terminals[0]) return false;
      // Waits until the terminal is raw: before that, it would echo keys and lose Ctrl-D.
      const done = new Int32Array(new SharedArrayBuffer(4));
      postToRunner({ op: "raw terminal", on, done });
      Atomics.wait(done, 0, 0);
      return true;
    },
    errorNumber,
    errorText,
    setTcpOption: setSocketOption,
    setUdpOption: setSocketOption,
    privateFiles: (/** @type {boolean} */ on) => void (programFiles.newFileMode = on ? 0o600 : hostFiles.newFileMode),
  };
}

/** The host's files at their own paths, and its root certificates. */
function files() {
  const shipped = new MemoryFiles();
  shipped.writeWhenOpened(ROOTS, hostRoots);
  const { types, preopens } = filesystem(programFiles, [["/", "/"]]);
  const memory = filesystem(shipped, [[SHIPPED, SHIPPED]]).preopens;
  return { types, preopens: { getDirectories: () => [...preopens.getDirectories(), ...memory.getDirectories()] } };
}

/** @param {number} descriptor @param {Uint8Array} bytes */
function write(descriptor, bytes) {
  const failure = writeAll(descriptor, bytes);
  if (failure === undefined) return;
  if (failure === "EPIPE" || failure === "ECONNRESET") throw new Exit(BROKEN_PIPE);
  writeAll(2, Buffer.from(`micropython-ssl: standard ${descriptor === 1 ? "output" : "error"} cannot be written: ${failure}\n`));
  throw new Exit(1);
}
