/**
 * Installs the network and TLS in a MicroPython that is loaded already. This works on the thread
 * that loaded it: a page's, a worker's or Node's.
 */

import { DISPOSE } from "../dispose.js";
import { loadEngine } from "../engine.js";
import { connectInput } from "../standard_input.js";
import { memoryOf } from "../memory.js";
import { PYTHON_FOLDER } from "../register_modules.js";
import { Turns } from "../net/turns.js";
import { messageOf } from "../net/errno.js";
import { checkOptions } from "../options.js";
import { isTransport } from "../transports/index.js";
import { isolatedChannel, localChannel, mayWait } from "./channels.js";
import { systemModule } from "./system_module.js";
import { Inspector } from "./inspector.js";
import { equip } from "./npm_micropython.js";
import { Output, decoded } from "./output.js";
import { absolute } from "./sources.js";
import { awaitRuns } from "./top_level.js";

/**
 * Marks a thread that has a MicroPython. Its state is global to the thread: the finalizers of one
 * MicroPython would free objects of another one, even one that is not used any more. So a thread
 * may load only one. The mark is a global symbol, because this package may be loaded twice.
 */
const INSTALLED = Symbol.for("micropython-ssl.installed");
const ANOTHER = "another MicroPython was loaded on this thread, and its state is global: run each one in a worker of its own";
const OLDEST_MINOR = 27;
const OPTIONS = ["transport", "mode", "engine", "roots", "verify", "stdout", "stderr", "stdin", "onConnection", "signal"];

/**
 * @import { EngineSource } from "../engine.js"
 * @import { Interpreter } from "../memory.js"
 * @import { TransportOption } from "../transports/index.js"
 * @import { Channel } from "./channels.js"
 * @import { Observation } from "./observations.js"
 *
 * @typedef {object} InstallOptions
 * @property {TransportOption} [transport] How programs reach the network. Node's default is the
 *   host's own sockets.
 * @property {"auto" | "isolated" | "async"} [mode] "isolated": calls may wait; this needs a worker
 *   of a cross-origin isolated page. "async": no call waits. "auto", the default: "isolated" where
 *   it is possible, else "async".
 * @property {EngineSource} [engine] The engine's wasm, where it
 *   is not beside the package's files.
 * @property {string | URL | Uint8Array} [roots] Mozilla's root certificates: the address of a PEM
 *   file, or its content; for `ssl.create_default_context()`. The default is the package's file, in
 *   Node the file that SSL_CERT_FILE names or else the certificates that Node has.
 * @property {"required"} [verify] Clients of `ssl` verify their peers unless the program sets
 *   verify_mode.
 * @property {(text: string) => void} [stdout] Gets what programs print. The default is the output
 *   that MicroPython was loaded with.
 * @property {(text: string) => void} [stderr] Gets what programs print to standard error. The
 *   default is `stdout`.
 * @property {boolean} [stdin] Whether the text given to the installation's `input()` is the
 *   programs' standard input.
 * @property {(connection: Observation) => void} [onConnection] Called with each connection, and
 *   again after each of its changes.
 * @property {AbortSignal} [signal] Ends the installation.
 */

/**
 * Gives a MicroPython of npm (1.27 or newer) `socket`, `ssl`, `tls`, `select` and asyncio's
 * streams. Where no call may wait, asyncio runs on JavaScript's event loop. A call that would have
 * to wait then raises an OSError that names the call to use instead.
 *
 * @param {object} given From loadMicroPython().
 * @param {InstallOptions} [options]
 * @param {URL | (() => Uint8Array)} [defaultRoots] Mozilla's root certificates where the
 *   options name none: their address, or a function that returns their PEM.
 * @returns {Promise<Installation>}
 */
export async function installMicroPython(given, options = {}, defaultRoots = undefined) {
  checkOptions(options, OPTIONS);
  const { signal } = options;
  signal?.throwIfAborted();
  const mp = usable(given);
  Reflect.set(globalThis, INSTALLED, mp);
  const installation = new Installation(mp);
  try {
    await installation.begin(options, defaultRoots);
  } catch (error) {
    Reflect.set(globalThis, INSTALLED, null);
    installation.close();
    throw error;
  }
  if (signal?.aborted) installation.close();
  signal?.throwIfAborted();
  signal?.addEventListener("abort", () => installation.close(), { once: true });
  return installation;
}

export class Installation {
  #mp;
  /** @type {Channel | null} */
  #channel = null;
  #turns;
  /** @type {Inspector | null} */
  #inspector = null;
  /** @type {(text: string) => void} */
  #report = console.error;
  #runPythonAsync;
  #forgetInput = () => {};

  /** @param {Interpreter} mp */
  constructor(mp) {
    this.#mp = mp;
    this.#runPythonAsync = mp.runPythonAsync;
    this.#turns = new Turns({ onError: (error) => this.#report(messageOf(error)), after: () => this.#inspector?.flush() });
  }

  /**
   * Loads the parts and installs them.
   *
   * @param {InstallOptions} options
   * @param {URL | (() => Uint8Array)} [defaultRoots]
   */
  async begin({ transport, mode = "auto", engine, roots, verify, stdout, stderr = stdout, stdin = false, onConnection }, defaultRoots) {
    const mp = this.#mp;
    const memory = memoryOf(mp);
    const [loaded, { default: files }, channel] = await Promise.all([
      loadEngine(engine),
      import("../../dist/python.js"),
      openChannel(mode, transport, {
        onEvent: () => this.#turns.event(),
        onInterrupt: () => mp._module._mp_sched_keyboard_interrupt(),
      }),
    ]);
    this.#channel = channel;
    const { network } = channel;
    if (stdout || stderr) this.#connectOutput(stdout ?? console.log, stderr ?? console.error);
    if (stdin) this.#forgetInput = connectInput(mp.FS, network);
    if (onConnection) this.#inspector = new Inspector(memory, onConnection);
    equip(mp, loaded, {
      network,
      turns: this.#turns,
      system: systemModule(memory),
      roots: await usableRoots(roots ?? defaultRoots),
      verify,
      inspector: this.#inspector,
      files,
    });
    mp.runPython(`__import__("sys").path.insert(0, "${PYTHON_FOLDER}")`);
    mp.pyimport("_installed").install();
    if (!network.waits) mp.runPythonAsync = (code) => this.#runPythonAsync.call(mp, awaitRuns(code));
  }

  /** "isolated" where calls may wait, "async" where they raise OSError. */
  get mode() {
    return this.#opened().mode;
  }

  /**
   * Gives the program text, or bytes, to read from standard input; null is its end.
   *
   * @param {string | Uint8Array | null} text
   */
  input(text) {
    this.#opened().input(typeof text === "string" ? new TextEncoder().encode(text) : text);
  }

  /**
   * Raises KeyboardInterrupt in the coroutine that the program awaits at its top level. A program
   * that computes cannot be interrupted.
   */
  interrupt() {
    this.#mp.pyimport("asyncio").loop.interrupt();
  }

  /** Closes all sockets and removes all tasks, as the end of a program does. */
  reset() {
    this.#mp.pyimport("asyncio").new_event_loop();
    this.#opened().network.closeAll();
    this.#forgetInput();
    this.#inspector?.end();
  }

  /** Closes all sockets and the channel to the network. */
  close() {
    this.#turns.stop();
    this.#channel?.close();
    this.#inspector?.end();
    this.#mp.runPythonAsync = this.#runPythonAsync;
  }

  [DISPOSE]() {
    this.close();
  }

  /** The channel. It exists when begin() has ended. */
  #opened() {
    if (!this.#channel) throw new Error("the network was not opened");
    return this.#channel;
  }

  /** @param {(text: string) => void} stdout @param {(text: string) => void} stderr */
  #connectOutput(stdout, stderr) {
    const sinks = { 1: decoded(stdout), 2: decoded(stderr) };
    new Output(null, (descriptor, bytes) => sinks[descriptor](bytes)).connect(this.#mp.FS);
    this.#report = (text) => stderr(`${text}\n`);
  }
}

/**
 * Throws where a MicroPython was loaded on this thread already: a second one would break it.
 */
export function requireFirst() {
  if (Reflect.get(globalThis, INSTALLED) || Reflect.get(globalThis, "proxy_js_ref") !== undefined) throw new Error(ANOTHER);
}

/**
 * The MicroPython that was given. Throws where it cannot be used, with the reason.
 *
 * @param {object} given
 * @returns {Interpreter}
 */
function usable(given) {
  const mp = /** @type {Interpreter} */ (given);
  if (!mp?._module || !mp.FS || !mp.registerJsModule) throw new TypeError("installMicroPython() takes what loadMicroPython() resolves with");
  const other = Reflect.get(globalThis, INSTALLED) ?? null;
  if (other === mp) throw new Error("micropython-ssl was installed in this MicroPython already");
  if (other !== null || Reflect.get(globalThis, "Module") !== mp._module) {
    throw new Error(ANOTHER);
  }
  const [version, minor] = /MicroPython v\d+\.(\d+)[\w.-]*/.exec(mp.pyimport("sys").version) ?? ["an unknown version", 0];
  if (Number(minor) < OLDEST_MINOR) throw new Error(`micropython-ssl needs MicroPython v1.${OLDEST_MINOR} or newer; this is ${version}`);
  return mp;
}

/**
 * Opens a mode's channel to the network.
 *
 * @param {string} mode
 * @param {TransportOption | undefined} transport
 * @param {{onEvent: () => void, onInterrupt: () => void}} events
 * @returns {Promise<Channel>}
 */
async function openChannel(mode, transport, events) {
  if (mode === "jspi") throw new Error('mode "jspi" is for workers: startMicroPython({ mode: "jspi" })');
  if (!["auto", "isolated", "async"].includes(mode)) throw new TypeError(`mode is "auto", "isolated" or "async", not ${JSON.stringify(mode)}`);
  if (mode === "isolated" && !mayWait()) throw new Error('mode "isolated" needs a worker of a cross-origin isolated page');
  if (mode === "async" || !mayWait()) return localChannel({ transport, ...events });
  if (!isTransport(transport)) return isolatedChannel({ transport, ...events });
  // A transport that was made on this thread cannot serve another one.
  if (mode === "isolated") throw new TypeError('mode "isolated" takes a transport as a description: an object cannot cross to the worker of the network');
  return localChannel({ transport, ...events });
}

/**
 * Returns the address where XMLHttpRequest exists: the file is then fetched when a program first
 * needs it. Else fetches the content now.
 *
 * @param {InstallOptions["roots"] | (() => Uint8Array)} roots
 */
async function usableRoots(roots) {
  if (roots === undefined || roots instanceof Uint8Array || typeof roots === "function") return roots;
  if (typeof XMLHttpRequest !== "undefined") return absolute(roots);
  const response = await fetch(roots);
  if (!response.ok) throw new Error(`no root certificates at ${roots}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
