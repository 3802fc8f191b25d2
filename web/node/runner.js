/** Runs one program: MicroPython on a thread of its own, its network and input on this one. */

import { isatty } from "node:tty";
import { Worker } from "node:worker_threads";

import { INTERRUPT } from "../net/layout.js";
import { interrupt } from "../net/control.js";
import { NodeNetwork } from "./wasi.js";

/** @import { Message } from "./program_thread.js" */

/** How long the program may take to notice an interrupt, in milliseconds. */
const INTERRUPT_LIMIT = 1000;
/**
 * How long closed connections with bytes to send are kept while their peers take none, in
 * milliseconds.
 */
const SETTLE_LIMIT = 30_000;
const INTERRUPTED = 130;

/**
 * @param {import("./options.js").Options} options
 * @returns {Promise<number>} The exit code.
 */
export async function runProgram({ args, tls, ciphers, verify, allow }) {
  const terminals = [0, 1, 2].map((descriptor) => isatty(descriptor));
  const env = {
    ...(tls && { MICROPYTHON_TLS: tls }),
    ...(ciphers && { MICROPYTHON_TLS_CIPHERS: ciphers.join(",") }),
    ...(verify && { MICROPYTHON_TLS_VERIFY: verify }),
  };
  const program = { args: ["micropython-ssl", ...args], env, cwd: process.cwd(), terminals };
  const network = new NodeNetwork(allow);
  const { control } = network;
  const worker = new Worker(new URL("./program_thread.js", import.meta.url), {
    workerData: { control, program },
    resourceLimits: { stackSizeMb: 8, maxOldGenerationSizeMb: 2048 },
    stderr: true,
    stdout: true,
  });

  const code = await new Promise((resolve) => {
    network.serve(worker, (/** @type {Message} */ message) => {
      if (message.op === "exit") resolve(message.code);
      else makeRaw(message.on, message.done);
    });
    worker.on("error", (error) => {
      process.stderr.write(`micropython-ssl: MicroPython stopped: ${error.message}\n`);
      resolve(1);
    });
    worker.on("exit", () => resolve(1));
    onInterrupt(control, () => {
      process.stderr.write("KeyboardInterrupt\n");
      resolve(INTERRUPTED);
    });
  });
  process.once("SIGINT", () => process.exit(INTERRUPTED));
  if (!(await network.close(SETTLE_LIMIT))) process.stderr.write("micropython-ssl: a peer has not taken all that was sent to it\n");
  return code;
}

/**
 * Switches the terminal to raw mode or back, then wakes the thread that waits for it.
 *
 * @param {boolean} on
 * @param {Int32Array} done
 */
function makeRaw(on, done) {
  process.off("exit", makeCooked).once("exit", makeCooked);
  process.stdin.setRawMode(on);
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
}

function makeCooked() {
  process.stdin.setRawMode(false);
}

/**
 * Passes Ctrl-C to the program. Calls `ignored` when the program does not notice it.
 *
 * @param {SharedArrayBuffer} control
 * @param {() => void} ignored
 */
function onInterrupt(control, ignored) {
  const words = new Int32Array(control);
  process.on("SIGINT", () => {
    interrupt(control);
    setTimeout(() => {
      if (Atomics.load(words, INTERRUPT) !== 0) ignored();
    }, INTERRUPT_LIMIT).unref();
  });
}
