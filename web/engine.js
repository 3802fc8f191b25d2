/** The engine: instantiates its WebAssembly module, in Node and in browsers. */

import initialise, {
  Context,
  cipherSuites,
  exchangeBuffer,
  exchangeLength,
  hasRoom,
  initSync,
} from "../dist/engine/micropython_ssl.js";
import { loadingPart } from "./loading.js";

/**
 * @typedef {object} Engine
 * @property {typeof Context} Context The engine's `Context`: settings, and `connect()` for
 *   connections.
 * @property {() => Uint8Array} bytes The engine's memory. Call it again after every call into the
 *   engine: the array is replaced when memory grows.
 * @property {number} exchange The address of the exchange buffer for plaintext, in `bytes()`.
 * @property {number} exchangeLength Length of the exchange buffer in bytes.
 * @property {(bytes: number) => void} lookForRoom Throws a MemoryError unless the engine has memory
 *   for arguments of so many bytes. Without this check such a call would end the engine.
 * @property {() => string[]} cipherSuites All cipher suites, in order of preference.
 *
 * @typedef {URL | string | Response | ArrayBuffer | ArrayBufferView | WebAssembly.Module}
 *   EngineSource
 */

/** @type {Promise<Engine> | undefined} */
let loading;

/**
 * Loads the engine, once; later calls get the same instance.
 *
 * @param {EngineSource} [source] The wasm, where it is not beside this file.
 * @returns {Promise<Engine>}
 */
export function loadEngine(source) {
  loading ??= instantiate(source).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** @param {EngineSource | undefined} source @returns {Promise<Engine>} */
async function instantiate(source) {
  const wasm = source ?? (await defaultSource());
  const { memory } = await loadingPart("the engine", wasm, () => initialiseWith(wasm));
  let view = new Uint8Array(memory.buffer);
  return {
    Context,
    bytes() {
      if (view.buffer !== memory.buffer) view = new Uint8Array(memory.buffer);
      return view;
    },
    exchange: exchangeBuffer(),
    exchangeLength: exchangeLength(),
    lookForRoom,
    cipherSuites,
  };
}

/** @param {number} bytes */
export function lookForRoom(bytes) {
  if (!hasRoom(Math.min(bytes, MOST))) throw Object.assign(new Error("no memory is left for TLS"), { name: "MemoryError", code: "ENOMEM" });
}

/** The longest argument that can be checked. No memory has room for it. */
const MOST = 0xffffffff;

const IN_NODE = typeof process !== "undefined" && process.versions?.node !== undefined;

/** @param {EngineSource} source */
async function initialiseWith(source) {
  const bytes = source instanceof ArrayBuffer || ArrayBuffer.isView(source);
  if (!IN_NODE || !(bytes || source instanceof WebAssembly.Module)) return initialise({ module_or_path: source });
  // initialise() would look whether the source is a Response. In Node, naming Response loads all of
  // fetch, which takes ten times as long as the rest.
  const module = bytes ? WebAssembly.compile(/** @type {BufferSource} */ (source)) : source;
  // Node loads WebCrypto at its first use, which takes milliseconds. This call spends them while
  // other threads compile, and not in the first handshake.
  globalThis.crypto.getRandomValues(new Uint8Array(1));
  return initSync({ module: await module });
}

async function defaultSource() {
  const url = new URL("../dist/engine/micropython_ssl_bg.wasm", import.meta.url);
  if (url.protocol !== "file:" || !IN_NODE) return url;
  // A variable, because bundlers for browsers would look for a module that `import()` names.
  const files = "node:fs/promises";
  const { readFile } = await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ files);
  return readFile(url);
}
