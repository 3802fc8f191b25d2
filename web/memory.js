/** MicroPython's memory, as JavaScript sees it. */

/**
 * @import { EmscriptenFS } from "./filesystem.js"
 *
 * @typedef {object} Interpreter What loadMicroPython() of npm's MicroPython resolves with.
 * @property {EmscriptenFS} FS
 * @property {{HEAPU8: Uint8Array<ArrayBuffer>, _mp_sched_keyboard_interrupt: () => void}} _module
 * @property {(code: string) => any} runPython
 * @property {(code: string) => Promise<any>} runPythonAsync
 * @property {(name: string) => any} pyimport
 * @property {(name: string, module: object) => void} registerJsModule
 */

const LOOK = '__import__("sys").stdout.write("\\n")';

/**
 * A function that returns the bytes of MicroPython's memory. Call it each time: it returns a new
 * array when the memory has grown.
 *
 * @param {Interpreter} mp From loadMicroPython().
 * @returns {() => Uint8Array<ArrayBuffer>}
 */
export function memoryOf(mp) {
  const module = mp._module;
  if (!Object.getOwnPropertyDescriptor(module, "HEAPU8")?.get) return () => module.HEAPU8;
  // MicroPython 1.27 does not export its memory, but its output functions get views of it.
  /** @type {Uint8Array<ArrayBuffer>} */
  let bytes = new Uint8Array();
  return () => {
    if (bytes.length === 0) bytes = seenByOutput(mp);
    return bytes;
  };
}

/** @param {Interpreter} mp */
function seenByOutput(mp) {
  const stdout = mp.FS.getStream(1);
  const operations = stdout.stream_ops;
  /** @type {Uint8Array<ArrayBuffer>} */
  let bytes = new Uint8Array();
  stdout.stream_ops = {
    ...operations,
    write(stream, { buffer }, offset, length) {
      bytes = new Uint8Array(buffer);
      return length;
    },
  };
  try {
    mp.runPython(LOOK);
  } finally {
    stdout.stream_ops = operations;
  }
  return bytes;
}
