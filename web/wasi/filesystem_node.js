/**
 * The host's files, by Node's `fs`. Paths mean the same as to any other program of the host. On
 * Windows they are paths of the current drive: `/Users/…` is `C:\Users\…`.
 *
 * A program is confined to its folders by paths.js, which reads each link before the path is used.
 * This does not protect from other programs that change links in between.
 */

import fs from "node:fs";
import path from "node:path";
import { errno } from "./paths.js";

/** @import { File, Files, OpenOptions, Times, Type } from "./filesystem.js" */

const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_TRUNC, O_NOFOLLOW = 0 } = fs.constants;

/** A path of the host in the form that programs use. @param {string} hostPath */
export function pathInPrograms(hostPath, { sep } = path) {
  const slashed = sep === "\\" ? hostPath.replace(/^[A-Za-z]:/, "").replaceAll("\\", "/") : hostPath;
  return slashed.startsWith("/") ? slashed : `/${slashed}`;
}

/** @type {Files & {newFileMode: number}} */
export const hostFiles = {
  /** The mode of new files, before the umask. */
  newFileMode: 0o644,

  followsLinks: true,
  separators: path.sep === "/" ? "/" : /[\\/]/,

  /** @param {string} where */
  open(where, { read, write, create, exclusive, truncate, follow }) {
    const found = (follow ? fs.statSync : fs.lstatSync)(where, { throwIfNoEntry: false });
    if (found?.isDirectory() && !exclusive) {
      if (write || truncate) throw errno("EISDIR");
      return null;
    }
    if (found?.isSymbolicLink() && !exclusive) throw errno("ELOOP");
    const access = write ? (read ? O_RDWR : O_WRONLY) : O_RDONLY;
    const flags = access | (create ? O_CREAT : 0) | (exclusive ? O_EXCL : 0) | (truncate ? O_TRUNC : 0) | (follow ? 0 : O_NOFOLLOW);
    return new HostFile(fs.openSync(where, flags, this.newFileMode), where);
  },

  /** @param {string} where @param {boolean} follow */
  stat: (where, follow) => statOf((follow ? fs.statSync : fs.lstatSync)(where, { bigint: true })),
  /** @param {string} where */
  list: (where) => fs.readdirSync(where, { withFileTypes: true }).map((entry) => ({ name: entry.name, type: typeOf(entry) })),
  /** @param {string} where */
  makeFolder: (where) => fs.mkdirSync(where),
  /** @param {string} where */
  removeFolder: (where) => fs.rmdirSync(where),
  /** @param {string} where */
  remove(where) {
    // Operating systems have different errors for removing a folder like a file.
    if (fs.lstatSync(where).isDirectory()) throw errno("EISDIR");
    fs.unlinkSync(where);
  },
  /** @param {string} from @param {string} to */
  rename: (from, to) => fs.renameSync(from, to),
  /** @param {string} from @param {string} to */
  link(from, to) {
    // macOS would follow it.
    if (fs.lstatSync(from).isSymbolicLink()) throw errno("ENOTSUP");
    fs.linkSync(from, to);
  },
  /** @param {string} where */
  symlink: (target, where) => fs.symlinkSync(target, where),
  /** @param {string} where */
  readLink(where) {
    const target = fs.readlinkSync(where);
    return path.isAbsolute(target) ? pathInPrograms(target) : target;
  },
  /** @param {string} where @param {boolean} follow @param {Times} times */
  setTimes(where, follow, times) {
    const old = (follow ? fs.statSync : fs.lstatSync)(where, { bigint: true });
    (follow ? fs.utimesSync : fs.lutimesSync)(where, ...newTimes(times, old));
  },
};

/** @implements {File} */
class HostFile {
  #descriptor;
  #path;
  /** A second descriptor, opened for appending, because several programs may add to one log. */
  #appending = -1;
  /** Whether the file has positions. Pipes and terminals have none. */
  #seekable;

  /** @param {number} descriptor @param {string} where */
  constructor(descriptor, where) {
    this.#descriptor = descriptor;
    this.#path = where;
    this.#seekable = fs.fstatSync(descriptor).isFile();
  }

  /** @param {number} length @param {number} position */
  read(length, position) {
    const bytes = Buffer.allocUnsafeSlow(length);
    const count = fs.readSync(this.#descriptor, bytes, 0, length, this.#seekable ? position : null);
    return new Uint8Array(bytes.buffer, 0, count);
  }

  /** @param {Uint8Array} bytes @param {number} position */
  write(bytes, position) {
    return fs.writeSync(this.#descriptor, bytes, 0, bytes.length, this.#seekable ? position : null);
  }

  /** @param {Uint8Array} bytes */
  append(bytes) {
    if (!this.#seekable) return this.write(bytes, 0);
    if (this.#appending < 0 && this.#hasItsName()) this.#appending = fs.openSync(this.#path, O_WRONLY | O_APPEND);
    return this.#appending < 0 ? this.write(bytes, fs.fstatSync(this.#descriptor).size) : fs.writeSync(this.#appending, bytes);
  }

  stat() {
    return statOf(fs.fstatSync(this.#descriptor, { bigint: true }));
  }

  /** @param {number} size */
  resize(size) {
    fs.ftruncateSync(this.#descriptor, size);
  }

  /** @param {Times} times */
  setTimes(times) {
    fs.futimesSync(this.#descriptor, ...newTimes(times, fs.fstatSync(this.#descriptor, { bigint: true })));
  }

  /** Whether the path still leads to this file. A link may lead to one outside by now. */
  #hasItsName() {
    try {
      const [mine, its] = [this.stat(), statOf(fs.statSync(this.#path, { bigint: true }))];
      return mine.inode === its.inode && mine.device === its.device;
    } catch {
      return false;
    }
  }

  sync() {
    fs.fsyncSync(this.#descriptor);
  }

  close() {
    for (const descriptor of [this.#descriptor, this.#appending]) if (descriptor >= 0) fs.closeSync(descriptor);
    this.#descriptor = this.#appending = -1;
  }
}

/**
 * @param {Pick<import("node:fs").StatsBase<any>, "isFile" | "isDirectory" | "isSymbolicLink" |
 *   "isCharacterDevice" | "isBlockDevice" | "isFIFO" | "isSocket">} entry @returns {Type}
 */
function typeOf(entry) {
  if (entry.isFile()) return "regular-file";
  if (entry.isDirectory()) return "directory";
  if (entry.isSymbolicLink()) return "symbolic-link";
  if (entry.isCharacterDevice()) return "character-device";
  if (entry.isBlockDevice()) return "block-device";
  if (entry.isFIFO()) return "fifo";
  return entry.isSocket() ? "socket" : "unknown";
}

/** @param {import("node:fs").BigIntStats} found */
function statOf(found) {
  return {
    type: typeOf(found), links: found.nlink, size: found.size, device: found.dev, inode: found.ino,
    accessed: found.atimeNs, modified: found.mtimeNs, changed: found.ctimeNs,
  };
}

/**
 * The times of access and modification, in seconds.
 *
 * @param {Times} times
 * @param {{atimeNs: bigint, mtimeNs: bigint}} old
 * @returns {[accessed: number, modified: number]}
 */
function newTimes({ accessed, modified }, { atimeNs, mtimeNs }) {
  return [Number(accessed ?? atimeNs) / 1e9, Number(modified ?? mtimeNs) / 1e9];
}
