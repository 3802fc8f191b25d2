/**
 * Loads npm's MicroPython and gives it the network and TLS, on the thread that calls these
 * functions. Every way of running it uses them.
 */

import { createBridge, osError } from "../bridge.js";
import { useLinuxErrors } from "../filesystem.js";
import { loadingPart } from "../loading.js";
import { memoryOf } from "../memory.js";
import { registerModules } from "../register_modules.js";
import { networkModule } from "../net/python_module.js";

/** Words of the stack for Python's calls. */
const PYTHON_STACK = 64 * 1024;
const HEAP = 8 * 1024 * 1024;

/**
 * @import { Engine } from "../engine.js"
 * @import { Interpreter } from "../memory.js"
 * @import { Network } from "../net/network.js"
 * @import { Turns } from "../net/turns.js"
 * @import { SyncTransport } from "../net/sync_transport.js"
 * @import { Inspector } from "./inspector.js"
 *
 * @typedef {object} Sources The addresses of the parts.
 * @property {string} micropython Address of micropython.mjs.
 * @property {string} [micropythonWasm] Address of MicroPython's wasm, where it is not beside
 *   micropython.mjs.
 * @property {number} [heap] Bytes of the heap to start with; it grows.
 */

/**
 * Loads MicroPython.
 *
 * @param {Sources} sources
 * @returns {Promise<Interpreter>}
 */
export async function loadMicroPython({ micropython, micropythonWasm, heap = HEAP }) {
  const module = await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ micropython);
  const url = micropythonWasm ?? new URL("micropython.wasm", micropython).href;
  const options = { url, pystack: PYTHON_STACK, heapsize: heap, linebuffer: false };
  return loadingPart("MicroPython", url, () => module.loadMicroPython(options));
}

/**
 * Installs the modules in an interpreter.
 *
 * @param {Interpreter} mp
 * @param {Engine} engine
 * @param {object} parts
 * @param {Network} parts.network
 * @param {Turns | null} [parts.turns] For an interpreter whose event loop is run by JavaScript's.
 * @param {object} parts.system The module `_mpsystem`.
 * @param {string | Uint8Array | (() => Uint8Array)} [parts.roots] Mozilla's root certificates: the
 *   address of a PEM file, its content, or a function that reads it; for `load_default_certs()`.
 * @param {"required" | null} [parts.verify] "required": clients of `ssl` verify their peers unless
 *   the program sets verify_mode.
 * @param {Inspector | null} [parts.inspector] Watches the connections.
 * @param {Record<string, string>} parts.files Python files.
 */
export function equip(mp, engine, { network, turns = null, system, roots, verify = null, inspector = null, files }) {
  const memory = memoryOf(mp);
  useLinuxErrors(mp.FS);
  /** @param {number} handle @returns {SyncTransport | undefined} */
  const transport = (handle) => {
    const socket = network.get(handle);
    return socket && inspector ? inspector.transport(handle, socket) : socket;
  };
  const { functions: tls, prepare } = createBridge(memory, engine, { socket: transport, roots: rootsOf(roots), verify, files: mp.FS });
  network.onConnecting = prepare;
  const net = networkModule(network, memory, turns);
  registerModules(mp, {
    modules: { _mpnet: inspector?.network(net) ?? net, _mptls: inspector?.tls(tls) ?? tls, _mpsystem: system },
    files,
  });
}

/**
 * A function for the root certificates. It fetches them synchronously when a program first needs
 * them, because the program's call cannot wait for a promise.
 *
 * @param {string | Uint8Array | (() => Uint8Array) | undefined} source
 * @returns {() => Uint8Array | null}
 */
function rootsOf(source) {
  if (typeof source === "function") return source;
  let certificates = source ?? null;
  return () => {
    if (typeof certificates !== "string") return certificates;
    const request = new XMLHttpRequest();
    request.open("GET", certificates, false);
    request.send();
    if (request.status !== 200) throw osError(`no root certificates at ${certificates}: ${request.status} ${request.statusText}`);
    certificates = new TextEncoder().encode(request.responseText);
    return certificates;
  };
}
