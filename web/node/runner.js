/** Runs one program: MicroPython on a thread of its own, its network and input on this one. */

import { Worker } from "node:worker_threads";

import { NetworkHost } from "../net/host.js";
import { COMPUTING, INTERRUPT } from "../net/layout.js";
import { interrupt, newControlMemory } from "../net/network.js";
import { hostNetwork } from "./backend.js";
import { standardInput, terminalInput } from "./input.js";

/** How long the program may take to notice an interrupt, and how long closed connections may take to send the rest, in milliseconds. */
const INTERRUPT_LIMIT = 1000;
const SETTLE_LIMIT = 5000;
const INTERRUPTED = 130;

/**
 * @param {ReturnType<import("./options.js").parseArguments>} options
 * @returns {Promise<number>} The exit code.
 */
export async function runProgram(options) {
  const program = {
    kind: options.kind,
    target: options.target,
    argv: options.argv,
    heapsize: options.heapsize,
    compileOnly: options.compileOnly,
    tls: options.tls,
    ciphers: options.ciphers,
    path: modulePath(process.env.MICROPYPATH),
    cwd: process.cwd(),
  };
  if (program.kind === "stdin") {
    program.kind = "code";
    program.target = await readAll(process.stdin);
  }
  const control = newControlMemory();
  const input = program.kind === "repl" ? terminalInput(() => interruptComputing(control)) : standardInput;
  const host = new NetworkHost({ ...hostNetwork, input }, control);
  const worker = new Worker(new URL("./interpreter.js", import.meta.url), {
    workerData: { control, program },
    resourceLimits: { stackSizeMb: 8, maxOldGenerationSizeMb: 2048 },
    stderr: true,
    stdout: true,
  });

  const code = await new Promise((resolve) => {
    worker.on("message", (message) => (message.op === "exit" ? resolve(message.code) : host.receive(message)));
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
  await host.settled(SETTLE_LIMIT);
  host.destroy();
  return code;
}

/** Hands Ctrl-C to the program; calls `ignored` when it does not notice. */
function onInterrupt(control, ignored) {
  const words = new Int32Array(control);
  process.on("SIGINT", () => {
    interrupt(control);
    setTimeout(() => {
      if (Atomics.load(words, INTERRUPT) !== 0) ignored();
    }, INTERRUPT_LIMIT).unref();
  });
}

/** Interrupts what was typed at a prompt; false while the prompt waits for more. */
function interruptComputing(control) {
  if (Atomics.load(new Int32Array(control), COMPUTING) === 0) return false;
  process.emit("SIGINT");
  return true;
}

/** MICROPYPATH as sys.path after its first entry. */
function modulePath(text) {
  if (text === undefined) return [".frozen"];
  const home = process.env.HOME ?? "";
  return text === "" ? [] : text.split(":").map((entry) => (entry.startsWith("~/") ? home + entry.slice(1) : entry));
}

async function readAll(stream) {
  stream.setEncoding("utf8");
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}
