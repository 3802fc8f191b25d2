/** The interpreter's files, for the page: names, contents, and what changed. */

/** @import { EmscriptenFS } from "../filesystem.js" */

const HIDDEN = new Set(["/dev", "/proc", "/.micropython-ssl"]);

/** The size in bytes of the largest file that is copied to a new interpreter. */
export const LARGEST_COPY = 8 * 1024 * 1024;

/**
 * All files of an interpreter that are the user's.
 *
 * @param {EmscriptenFS} FS MicroPython's file system.
 * @returns {{path: string, size: number, modified: number}[]} `modified` in milliseconds
 *   since 1970.
 */
export function listFiles(FS, folder = "/") {
  /** @type {{path: string, size: number, modified: number}[]} */
  const found = [];
  for (const name of FS.readdir(folder)) {
    const path = `${folder === "/" ? "" : folder}/${name}`;
    if (name === "." || name === ".." || HIDDEN.has(path)) continue;
    const { mode, size, mtime } = FS.stat(path);
    if (FS.isDir(mode)) found.push(...listFiles(FS, path));
    else found.push({ path, size, modified: Number(mtime) });
  }
  return found;
}

/** Reads a file. @param {EmscriptenFS} FS @param {string} path @returns {Uint8Array} */
export function readFile(FS, path) {
  return FS.readFile(path);
}

/**
 * Writes a file and makes the folders that it needs.
 *
 * @param {EmscriptenFS} FS
 * @param {string} path
 * @param {string | Uint8Array} content
 */
export function writeFile(FS, path, content) {
  const parts = path.split("/").slice(0, -1);
  for (let i = 2; i <= parts.length; i++) {
    const folder = parts.slice(0, i).join("/");
    if (!FS.analyzePath(folder).exists) FS.mkdir(folder);
  }
  FS.writeFile(path, content);
}

/** Removes a file. @param {EmscriptenFS} FS @param {string} path */
export function removeFile(FS, path) {
  FS.unlink(path);
}
