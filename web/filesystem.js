/**
 * Linux error numbers for Emscripten's file system. Its own are WASI's: a missing file would be
 * OSError(44).
 */

import { EINVAL } from "./net/errno.js";

/**
 * @typedef {object} EmscriptenFS The part of Emscripten's file system that this package uses.
 * @property {new (errno: number) => Error & {errno: number}} ErrnoError
 * @property {(path: string, options?: LookupOptions) => {path: string}} lookupPath
 * @property {(path: string, flags: string, mode?: number) => object} open
 * @property {(stream: object) => void} close
 * @property {(descriptor: number) => {stream_ops: StreamOperations}} getStream
 * @property {(path: string) => {exists: boolean}} analyzePath
 * @property {(path: string) => void} mkdir
 * @property {(path: string) => void} unlink
 * @property {(path: string) => void} chdir
 * @property {(path: string, content: string | Uint8Array) => void} writeFile
 * @property {(path: string) => Uint8Array} readFile
 * @property {(path: string) => string[]} readdir
 * @property {(path: string) => {mode: number, size: number, mtime: Date}} stat
 * @property {(mode: number) => boolean} isDir
 *
 * @typedef {{parent?: boolean, noent_okay?: boolean}} LookupOptions
 *
 * @typedef {object} StreamOperations
 * @property {(stream: object, buffer: Uint8Array<ArrayBuffer>, offset: number, length: number) =>
 *   number} [read]
 * @property {(stream: object, buffer: Uint8Array<ArrayBuffer>, offset: number, length: number) =>
 *   number} [write]
 * @property {() => number} [poll]
 * @property {() => void} [close]
 */

/** Linux's numbers for WASI's errors 1, 2, 3 and so on. */
const LINUX = [
  7, 13, 98, 99, 97, 11, 114, 9, 74, 16, 125, 10, 103, 111, 104, 35, 89, 33, 122, 17, 14, 27, 113, 43, 84, 115, 4, 22, 5, 106,
  21, 40, 24, 31, 90, 72, 36, 100, 102, 101, 23, 105, 19, 2, 8, 37, 67, 12, 42, 92, 28, 38, 107, 20, 39, 131, 88, 95, 25, 6,
  75, 130, 1, 32, 71, 93, 91, 34, 30, 29, 3, 116, 110, 26, 18,
];
const WASI_ENOENT = 44;
/**
 * The one number that MicroPython's C code compares: it handles pending events and tries again.
 */
export const WASI_EINTR = 27;

/**
 * Makes the errors of MicroPython's file system carry Linux numbers.
 *
 * @param {EmscriptenFS} FS MicroPython's (Emscripten's) file system.
 */
export function useLinuxErrors(FS) {
  const Original = FS.ErrnoError;
  FS.ErrnoError = class extends Original {
    /** @param {number} number */
    constructor(number) {
      super(number);
      this.errno = LINUX[number - 1] ?? EINVAL;
    }
  };

  // Emscripten itself compares one number: here, where the last part of a path may be missing.
  const lookupPath = FS.lookupPath;
  FS.lookupPath = (/** @type {string} */ path, /** @type {LookupOptions} */ options = {}) => {
    try {
      return lookupPath(path, options);
    } catch (error) {
      if (!options.noent_okay || /** @type {{errno?: number}} */ (error).errno !== LINUX[WASI_ENOENT - 1]) throw error;
      const { path: folder } = lookupPath(path, { ...options, parent: true });
      return { path: `${folder === "/" ? "" : folder}/${path.split("/").filter(Boolean).pop()}` };
    }
  };
}

/**
 * An error of the file system with a Linux number. @param {EmscriptenFS} FS @param {number} number
 */
export function linuxError(FS, number) {
  const error = new FS.ErrnoError(WASI_ENOENT);
  error.errno = number;
  return error;
}
