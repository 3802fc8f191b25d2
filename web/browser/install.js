/**
 * The network and TLS for a MicroPython that is loaded already, on the thread that loaded it: a
 * page's own, a worker's, or Node's.
 */

import { loadEngine } from "../engine.js";
import { connectInput } from "../standard_input.js";
import { memoryOf } from "../memory.js";
import { PYTHON_FOLDER } from "../register_modules.js";
import { Turns } from "../net/turns.js";
import { isTransport } from "../transports/index.js";
import { isolatedChannel, localChannel, mayWait } from "./channels.js";
import { systemModule } from "./system_module.js";
import { Inspector } from "./inspector.js";
import { equip } from "./npm_micropython.js";
import { Output, decoded } from "./output.js";
import { absolute } from "./sources.js";
import { awaitRuns } from "./top_level.js";

/**
 * MicroPython's state is global to its thread: of two, the finalizers of one free objects of the
 * other, even when it is not used any more. So there is one, ever. The package itself may be loaded
 * twice.
 */
const INSTALLED = Symbol.for("micropython-ssl.installed");
const ANOTHER = "another MicroPython was loaded on this thread, and its state is global: run each one in a worker of its own";
const OLDEST_MINOR = 27;

/**
 * @typedef {object} InstallOptions
 * @property
 *   {import("../transports/index.js").Transport | import("../transports/index.js").TransportDescription |
 *   null} [transport] How programs reach the outside; in Node the host's own sockets, unless given.
 * @property {"auto" | "isolated" | "async"} [mode] "isolated": calls may wait, which a worker of a
 *   cross-origin isolated page can do; "async": nothing waits; "auto", the default: what can be
 *   had.
 * @property {string | URL | BufferSource | WebAssembly.Module} [engine] The engine's wasm, where it
 *   is not beside the package's files.
 * @property {string | URL | Uint8Array} [roots] Mozilla's root certificates: the address of a PEM
 *   file, or its content; for `ssl.create_default_context()`.
 * @property {"required"} [verify] Clients of `ssl` verify their peers unless the program says
 *   otherwise.
 * @property {(text: string) => void} [stdout] Gets what programs print; where MicroPython was told
 *   to print, unless given.
 * @property {(text: string) => void} [stderr] Gets what they print to standard error; `stdout`
 *   unless given.
 * @property {boolean} [stdin] Whether programs read from standard input what `input()` gives them.
 * @property {(connection: import("./observations.js").Observation) => void} [onConnection] Told of
 *   each connection and what becomes of it.
 * @property {AbortSignal} [signal] Ends the installation.
 */

/**
 * Gives a MicroPython of npm (1.27 or newer) `socket`, `ssl`, `tls`, `select` and asyncio's
 * streams. Where nothing may wait, asyncio runs on JavaScript's event loop, and a call that would
 * have to wait raises an OSError that names the one that need not.
 *
 * @param {object} mp From loadMicroPython().
 * @param {InstallOptions} [options]
 * @returns {Promise<Installation>}
 */
export async function installMicroPython(mp, options = {}) {
  const { signal } = options;
  signal?.throwIfAborted();
  requireUsable(mp);
  globalThis[INSTALLED] = mp;
  const installation = new Installation(mp);
  try {
    await installation.begin(options);
  } catch (error) {
    globalThis[INSTALLED] = null;
    installation.close();
    throw error;
  }
  if (signal?.aborted) installation.close();
  signal?.throwIfAborted();
  signal?.addEventListener("abort", () => installation.close(), { once: true });
  return installation;
}

class Installation {
  #mp;
  #channel = null;
  #turns;
  #inspector = null;
  #report = console.error;
  #runPythonAsync;
  #forgetInput = () => {};

  constructor(mp) {
    this.#mp = mp;
    this.#runPythonAsync = mp.runPythonAsync;
    this.#turns = new Turns({ onError: (error) => this.#report(error.message ?? error), after: () => this.#inspector?.flush() });
  }

  /** Loads what is needed and puts it in place. @param {InstallOptions} options */
  async begin({ transport, mode = "auto", engine, roots, verify, stdout, stderr = stdout, stdin = false, onConnection }) {
    const mp = this.#mp;
    const memory = memoryOf(mp);
    const open = channelOf(mode, transport);
    const [loaded, { default: files }] = await Promise.all([
      loadEngine(engine),
      import("../../dist/python.js"), // pages that run the component do without it
      open({
        transport,
        onEvent: () => this.#turns.event(),
        onInterrupt: () => mp._module._mp_sched_keyboard_interrupt(),
      }).then((channel) => (this.#channel = channel)),
    ]);
    const { network } = this.#channel;
    if (stdout || stderr) this.#connectOutput(stdout ?? console.log, stderr ?? console.error);
    if (stdin) this.#forgetInput = connectInput(mp.FS, network);
    if (onConnection) this.#inspector = new Inspector(memory, onConnection);
    equip(mp, loaded, {
      network,
      turns: this.#turns,
      host: systemModule(memory),
      roots: typeof XMLHttpRequest === "undefined" ? await contentOf(roots) : absolute(roots),
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
    return this.#channel.mode;
  }

  /** Gives the program text, or bytes, to read from standard input; null is its end. */
  input(text) {
    this.#channel.input(typeof text === "string" ? new TextEncoder().encode(text) : text);
  }

  /**
   * Raises KeyboardInterrupt in what the program awaits at its top level. What computes cannot be
   * interrupted.
   */
  interrupt() {
    this.#mp.pyimport("asyncio").loop.interrupt();
  }

  /** Closes all sockets, as the end of a program does, and forgets its tasks. */
  reset() {
    this.#mp.pyimport("asyncio").new_event_loop();
    this.#channel.network.closeAll();
    this.#forgetInput();
    this.#inspector?.end();
  }

  /** Closes all sockets and the way to the network. */
  close() {
    this.#turns.stop();
    this.#channel?.close();
    this.#inspector?.end();
    this.#mp.runPythonAsync = this.#runPythonAsync;
  }

  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.close();
  }

  #connectOutput(stdout, stderr) {
    const sinks = { 1: decoded(stdout), 2: decoded(stderr) };
    new Output(null, (descriptor, bytes) => sinks[descriptor](bytes)).connect(this.#mp.FS);
    this.#report = (text) => stderr(`${text}\n`);
  }
}

/**
 * Throws where a MicroPython was loaded on this thread already: loading another one would break it.
 */
export function requireFirst() {
  if (globalThis[INSTALLED] || globalThis.proxy_js_ref !== undefined) throw new Error(ANOTHER);
}

/** Throws where this MicroPython cannot be used, with the reason. */
function requireUsable(mp) {
  if (!mp?._module || !mp.FS || !mp.registerJsModule) throw new TypeError("installMicroPython() takes what loadMicroPython() resolves with");
  const other = globalThis[INSTALLED] ?? null;
  if (other === mp) throw new Error("micropython-ssl was installed in this MicroPython already");
  if (other !== null || globalThis.Module !== mp._module) {
    throw new Error(ANOTHER);
  }
  const [version, minor] = /MicroPython v\d+\.(\d+)[\w.-]*/.exec(mp.pyimport("sys").version) ?? ["an unknown version", 0];
  if (Number(minor) < OLDEST_MINOR) throw new Error(`micropython-ssl needs MicroPython v1.${OLDEST_MINOR} or newer; this is ${version}`);
}

function channelOf(mode, transport) {
  switch (mode) {
    case "async":
      return localChannel;
    case "isolated":
      if (!mayWait()) throw new Error('mode "isolated" needs a worker of a cross-origin isolated page');
      return isolatedChannel;
    case "jspi":
      throw new Error('mode "jspi" is for workers: startMicroPython({ mode: "jspi" })');
    case "auto":
      // A transport that was made on this thread cannot serve another one.
      return mayWait() && !isTransport(transport) ? isolatedChannel : localChannel;
  }
  throw new TypeError(`mode is "auto", "isolated" or "async", not ${JSON.stringify(mode)}`);
}

/** Where there is no XMLHttpRequest to fetch them with when they are first asked for. */
async function contentOf(roots) {
  if (roots === undefined || roots instanceof Uint8Array) return roots;
  const response = await fetch(roots);
  if (!response.ok) throw new Error(`no root certificates at ${roots}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
