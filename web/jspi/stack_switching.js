/**
 * MicroPython that can wait without a thread of its own: JavaScript Promise Integration (JSPI), with the unmodified npm build.
 *
 * While MicroPython's WebAssembly is instantiated, the imports that may wait are replaced; see trampolines.js. A run that is begun by
 * `run()` is suspended where they wait, and the event loop goes on. Whatever JavaScript itself calls in MicroPython cannot be suspended,
 * because JavaScript's frames are between: there, a call that would have to wait fails (see SuspendingNetwork).
 */

import { connectTables, trampolines } from "./trampolines.js";

/** Imports in which MicroPython may wait, and what they return: calls of JavaScript functions, reading and writing the standard streams. */
const RESULTS = { call0: "v", call1: "i", call2: "i", calln: "i", call0_kwarg: "v", calln_kwarg: "v", fd_read: "i", fd_write: "i" };

/** Exports that run Python. */
const ENTRIES = /^(mp_js_|proxy_c_to_js_)/;

/** Kind of a value that is an exception; see MicroPython's proxy_c.c. */
const EXCEPTION = -1;

/** Whether this browser can do it. */
export function canSwitchStacks() {
  return typeof WebAssembly.Suspending === "function" && typeof WebAssembly.promising === "function";
}

/**
 * Loads MicroPython by `load` so that it can be suspended.
 *
 * @param {() => Promise<object>} load Calls loadMicroPython().
 * @param {import("../net/suspending.js").SuspendingNetwork} network What is waited for.
 * @returns {Promise<{mp: object, run: (code: string) => Promise<void>}>} `run` runs Python code to its end; one run at a time. It fails
 *   where the code raises.
 */
export async function loadSuspendable(load, network) {
  const { instantiate, instantiateStreaming } = WebAssembly;
  let switching = null;
  const replaced = (original) => async (source, imports) => {
    if (imports?.env?._emscripten_throw_longjmp === undefined) return original.call(WebAssembly, source, imports);
    switching = new Switching(imports, network);
    const { module, instance } = await original.call(WebAssembly, source, switching.imports);
    return { module, instance: { exports: switching.connect(instance.exports) } };
  };
  WebAssembly.instantiate = replaced(instantiate);
  WebAssembly.instantiateStreaming = replaced(instantiateStreaming);
  try {
    const mp = await load();
    return { mp, run: (code) => switching.run(mp, code) };
  } finally {
    WebAssembly.instantiate = instantiate;
    WebAssembly.instantiateStreaming = instantiateStreaming;
  }
}

class Switching {
  #shim;
  #network;
  #execute = null;
  #running = false;

  constructor(imports, network) {
    this.#network = network;
    const names = Object.keys(imports.env);
    const { env, wasi_snapshot_preview1: wasi } = imports;
    const originals = pick({ ...env, ...wasi }, Object.keys(RESULTS));
    const waiting = Object.entries(originals).map(([name, call]) => ({ name, parameters: call.length, result: RESULTS[name] }));
    const bytes = trampolines(names.filter((name) => name.startsWith("invoke_")), waiting);
    const suspending = Object.entries(originals).map(([name, call]) => [
      name, new WebAssembly.Suspending((...args) => network.suspendable(() => call(...args))),
    ]);
    this.#shim = new WebAssembly.Instance(new WebAssembly.Module(bytes), { plain: originals, suspending: Object.fromEntries(suspending) }).exports;
    network.canSuspend = () => this.#shim.suspendable.value === 1;
    const replace = (object) => ({ ...object, ...pick(this.#shim, Object.keys(object)) });
    this.imports = { ...imports, env: { ...replace(env), _emscripten_throw_longjmp: this.#shim.throw_longjmp }, wasi_snapshot_preview1: replace(wasi) };
  }

  /** Takes MicroPython's exports; returns those for its JavaScript. */
  connect(exports) {
    connectTables(this.#shim, exports);
    this.#execute = WebAssembly.promising(exports.mp_js_do_exec);
    const entries = Object.entries(exports).map(([name, value]) => [name, ENTRIES.test(name) ? this.#plain(value) : value]);
    return Object.fromEntries(entries);
  }

  async run(mp, code) {
    if (this.#running) throw new Error("a program is running already: only one at a time can be suspended");
    const { _module: module } = mp;
    const length = module.lengthBytesUTF8(code);
    const text = module._malloc(length + 1);
    const result = module._malloc(12);
    module.stringToUTF8(code, text, length + 1);
    this.#running = true;
    this.#shim.suspendable.value = 1;
    try {
      await this.#execute(text, length, result);
      if (module.getValue(result, "i32") === EXCEPTION) throw new Error(takeText(module, result));
    } finally {
      this.#shim.suspendable.value = 0;
      this.#running = false;
      module._free(text);
      module._free(result);
    }
  }

  /** An export as JavaScript calls it: nothing below it can be suspended. */
  #plain(call) {
    const { suspendable } = this.#shim;
    return (...args) => {
      const before = suspendable.value;
      suspendable.value = 0;
      try {
        return this.#network.aside(() => call(...args));
      } finally {
        suspendable.value = before;
      }
    };
  }
}

/** An exception's traceback. */
function takeText(module, value) {
  const length = module.getValue(value + 4, "i32");
  const address = module.getValue(value + 8, "i32");
  const [, details] = module.UTF8ToString(address, length).split("\x04");
  module._free(address);
  return details;
}

function pick(object, names) {
  return Object.fromEntries(names.filter((name) => name in object).map((name) => [name, object[name]]));
}
