/**
 * wasi:filesystem 0.2 over any store of files: the host's (filesystem_node.js) or one in memory
 * (filesystem_memory.js).
 *
 * @typedef {object} Files A store of files. Its functions are synchronous. Paths are absolute and
 *   have `/` between their parts. A function that fails throws an error whose `code` is the name of
 *   the errno, as in Node's errors.
 * @property {boolean} [followsLinks] Whether the store follows links and `..` in a path itself.
 * @property {string | RegExp} [separators] What is between the parts of a path, if not `/` alone.
 * @property {(path: string, options: OpenOptions) => File | null} open The file; null for a folder.
 * @property {(path: string, follow: boolean) => Stat} stat
 * @property {(path: string) => {name: string, type: Type}[]} list
 * @property {(path: string) => void} makeFolder
 * @property {(path: string) => void} removeFolder
 * @property {(path: string) => void} remove
 * @property {(from: string, to: string) => void} rename
 * @property {(from: string, to: string) => void} link
 * @property {(target: string, path: string) => void} symlink
 * @property {(path: string) => string} readLink
 * @property {(path: string, follow: boolean, times: Times) => void} setTimes
 *
 * @typedef {object} File An open file.
 * @property {(length: number, position: number) => Uint8Array} read Empty at the end.
 * @property {(bytes: Uint8Array, position: number) => number} write
 * @property {(bytes: Uint8Array) => number} append
 * @property {() => Stat} stat
 * @property {(size: number) => void} resize
 * @property {(times: Times) => void} setTimes
 * @property {() => void} sync
 * @property {() => void} close
 *
 * @typedef {{read: boolean, write: boolean, create: boolean, exclusive: boolean, truncate: boolean,
 *   follow: boolean}} OpenOptions
 * @typedef {"unknown" | "block-device" | "character-device" | "directory" | "fifo" |
 *   "symbolic-link" | "regular-file" | "socket"} Type
 * @typedef {{type: Type, links: bigint, size: bigint, accessed: bigint, modified: bigint, changed:
 *   bigint, device: bigint, inode: bigint}} Stat Times are nanoseconds since 1970.
 * @typedef {{accessed: bigint | null, modified: bigint | null}} Times null for a time that does not
 *   change.
 */

/**
 * @typedef {{read?: boolean, write?: boolean, mutateDirectory?: boolean}} DescriptorFlags
 * @typedef {{tag: "no-change"} | {tag: "now"} | {tag: "timestamp", val: {seconds: bigint,
 *   nanoseconds: number}}} NewTimestamp
 */

import { DROP } from "../dispose.js";
import { FileError, FileInput, FileOutput, attempt } from "./file_streams.js";
import { isBelow, resolve } from "./paths.js";

/** The most bytes that one call reads. A program that needs more calls again. */
const LARGEST_READ = 256 * 1024;
const BILLION = 1_000_000_000n;

/**
 * The interfaces wasi:filesystem/types and wasi:filesystem/preopens.
 *
 * @param {Files} files
 * @param {[name: string, path: string][]} folders The folders that the program finds open, each
 *   with the program's name for it and its path in `files`. Nothing outside them can be reached.
 */
export function filesystem(files, folders) {
  const paths = folders.map(([, path]) => path.replace(/\/+$/, ""));
  /** @param {string} path */
  const rootOf = (path) => paths.filter((root) => isBelow(path, root)).sort((a, b) => a.length - b.length)[0];
  return {
    types: { Descriptor, DirectoryEntryStream, filesystemErrorCode: (/** @type {unknown} */ error) => (error instanceof FileError ? error.code : undefined) },
    preopens: {
      /** @returns {[Descriptor, string][]} */
      getDirectories: () => folders.map(([name], i) => [new Descriptor(files, rootOf(paths[i]), paths[i], null, { read: true, mutateDirectory: true }), name]),
    },
  };
}

/** An open file or folder. */
class Descriptor {
  #files;
  #root;
  #path;
  #file;
  #flags;

  /**
   * @param {Files} files
   * @param {string} root The folder that no path leads out of.
   * @param {string} path
   * @param {File | null} file null for a folder.
   * @param {DescriptorFlags} flags
   */
  constructor(files, root, path, file, flags) {
    this.#files = files;
    this.#root = root;
    this.#path = path;
    this.#file = file;
    this.#flags = flags;
  }

  /** @param {bigint} offset */
  readViaStream(offset) {
    return new FileInput(this.#reading(), numberOf(offset));
  }

  /** @param {bigint} offset */
  writeViaStream(offset) {
    return new FileOutput(this.#writing(), numberOf(offset));
  }

  appendViaStream() {
    return new FileOutput(this.#writing(), null);
  }

  advise() {
    this.#opened();
  }

  syncData() {
    this.sync();
  }

  sync() {
    attempt(() => this.#file?.sync());
  }

  getFlags() {
    return this.#flags;
  }

  getType() {
    return attempt(() => this.#file?.stat().type) ?? "directory";
  }

  /** @param {bigint} size */
  setSize(size) {
    const file = this.#writing();
    attempt(() => file.resize(numberOf(size)));
  }

  /** @param {NewTimestamp} accessed @param {NewTimestamp} modified */
  setTimes(accessed, modified) {
    const times = timesOf(accessed, modified);
    attempt(() => (this.#file ? this.#file.setTimes(times) : this.#files.setTimes(this.#here(), true, times)));
  }

  /**
   * @param {bigint} length
   * @param {bigint} offset
   * @returns {[bytes: Uint8Array, ended: boolean]}
   */
  read(length, offset) {
    const file = this.#reading();
    const wanted = Math.min(Number(length), LARGEST_READ);
    const bytes = attempt(() => file.read(wanted, numberOf(offset)));
    return [bytes, bytes.length === 0 && wanted > 0];
  }

  /** @param {Uint8Array} bytes @param {bigint} offset */
  write(bytes, offset) {
    const file = this.#writing();
    return BigInt(attempt(() => file.write(bytes, numberOf(offset))));
  }

  readDirectory() {
    if (this.#file) throw failure("not-directory");
    return new DirectoryEntryStream(attempt(() => this.#files.list(this.#here())));
  }

  /** @param {string} path */
  createDirectoryAt(path) {
    this.#at(path, false, (where) => this.#files.makeFolder(where));
  }

  stat() {
    return statOf(attempt(() => this.#stat()));
  }

  /** @param {{symlinkFollow?: boolean}} options @param {string} path */
  statAt({ symlinkFollow: follow = false }, path) {
    return statOf(this.#at(path, follow, (where) => this.#files.stat(where, follow)));
  }

  /**
   * @param {{symlinkFollow?: boolean}} options
   * @param {string} path
   * @param {NewTimestamp} accessed
   * @param {NewTimestamp} modified
   */
  setTimesAt({ symlinkFollow: follow = false }, path, accessed, modified) {
    const times = timesOf(accessed, modified);
    this.#at(path, follow, (where) => this.#files.setTimes(where, follow, times));
  }

  /**
   * @param {{symlinkFollow?: boolean}} options
   * @param {string} path
   * @param {Descriptor} target
   * @param {string} targetPath
   */
  linkAt({ symlinkFollow: follow = false }, path, target, targetPath) {
    if (follow) throw failure("invalid");
    this.#at(path, false, (from) => target.#at(targetPath, false, (to) => this.#files.link(from, to)));
  }

  /**
   * @param {{symlinkFollow?: boolean}} options
   * @param {string} path
   * @param {{create?: boolean, directory?: boolean, exclusive?: boolean, truncate?: boolean}}
   *   options
   * @param {DescriptorFlags} flags
   */
  openAt({ symlinkFollow: follow = false }, path, { create = false, directory = false, exclusive = false, truncate = false }, flags) {
    if (create && directory) throw failure("invalid");
    const { read = false, write = false } = flags;
    // As on Linux, what is not to be made is opened whether it is new or not, and a new file is not
    // made behind a link.
    const isNew = create && exclusive;
    const follows = follow && !isNew;
    return this.#at(path, follows, (where) => {
      const file = this.#files.open(where, { read, write, create, exclusive: isNew, truncate, follow: follows });
      if (file && directory) {
        file.close();
        throw failure("not-directory");
      }
      return new Descriptor(this.#files, this.#root, where, file, flags);
    });
  }

  /** @param {string} path */
  readlinkAt(path) {
    return this.#at(path, false, (where) => this.#files.readLink(where));
  }

  /** @param {string} path */
  removeDirectoryAt(path) {
    this.#entryAt(path, (where) => this.#files.removeFolder(where));
  }

  /** @param {string} path @param {Descriptor} target @param {string} targetPath */
  renameAt(path, target, targetPath) {
    this.#entryAt(path, (from) => target.#entryAt(targetPath, (to) => this.#files.rename(from, to)));
  }

  /** @param {string} target @param {string} path */
  symlinkAt(target, path) {
    if (target.startsWith("/")) throw failure("not-permitted");
    this.#at(path, false, (where) => this.#files.symlink(target, where));
  }

  /** @param {string} path */
  unlinkFileAt(path) {
    this.#at(path, false, (where) => this.#files.remove(where));
  }

  /** @param {Descriptor} other */
  isSameObject(other) {
    if (other === this) return true;
    try {
      const [mine, its] = [this.#stat(), other.#stat()];
      return mine.device === its.device && mine.inode === its.inode;
    } catch {
      return false;
    }
  }

  metadataHash() {
    return hashOf(attempt(() => this.#stat()));
  }

  /** @param {{symlinkFollow?: boolean}} options @param {string} path */
  metadataHashAt({ symlinkFollow: follow = false }, path) {
    return hashOf(this.#at(path, follow, (where) => this.#files.stat(where, follow)));
  }

  [DROP]() {
    this.#file?.close();
  }

  #stat() {
    return this.#file ? this.#file.stat() : this.#files.stat(this.#here(), true);
  }

  /** The path of this folder. A link may have taken its place since it was opened. */
  #here() {
    return resolve(this.#files, this.#root, this.#path, true);
  }

  /**
   * Runs an operation on a path that is relative to this folder.
   *
   * @template T
   * @param {string} path
   * @param {boolean} follow
   * @param {(path: string) => T} operation
   */
  #at(path, follow, operation) {
    if (this.#file) throw failure("not-directory");
    if (path === "") throw failure("no-entry");
    if (path.startsWith("/")) throw failure("not-permitted");
    if (path.includes("\0")) throw failure("invalid");
    return attempt(() => operation(resolve(this.#files, this.#root, `${this.#path}/${path}`, follow)));
  }

  /**
   * Runs an operation that removes or renames the entry at a path. The folder that the component
   * was given cannot be removed or renamed.
   *
   * @param {string} path
   * @param {(path: string) => void} operation
   */
  #entryAt(path, operation) {
    this.#at(path, false, (where) => {
      if (where === `${this.#root}/.`) throw failure("invalid");
      operation(where);
    });
  }

  #opened() {
    if (!this.#file) throw failure("bad-descriptor");
    return this.#file;
  }

  #reading() {
    if (!this.#file) throw failure("is-directory");
    if (!this.#flags.read) throw failure("bad-descriptor");
    return this.#file;
  }

  #writing() {
    if (!this.#file || !this.#flags.write) throw failure("bad-descriptor");
    return this.#file;
  }
}

class DirectoryEntryStream {
  #entries;

  /** @param {{name: string, type: Type}[]} entries */
  constructor(entries) {
    this.#entries = entries.values();
  }

  readDirectoryEntry() {
    return this.#entries.next().value;
  }
}

/** @param {string} payload */
function failure(payload) {
  return Object.assign(new Error(payload), { payload });
}

/** A position or size as a number. @param {bigint} value */
function numberOf(value) {
  if (value > Number.MAX_SAFE_INTEGER) throw failure("overflow");
  return Number(value);
}

/** @param {Stat} stat */
function statOf({ type, links, size, accessed, modified, changed }) {
  /** @param {bigint} time */
  const date = (time) => ({ seconds: time > 0n ? time / BILLION : 0n, nanoseconds: time > 0n ? Number(time % BILLION) : 0 });
  return {
    type, linkCount: links, size,
    dataAccessTimestamp: date(accessed), dataModificationTimestamp: date(modified), statusChangeTimestamp: date(changed),
  };
}

/** @param {Stat} stat */
function hashOf({ device, inode }) {
  return { lower: BigInt.asUintN(64, inode), upper: BigInt.asUintN(64, device) };
}

/** @param {NewTimestamp} accessed @param {NewTimestamp} modified */
function timesOf(accessed, modified) {
  /** @param {NewTimestamp} timestamp */
  const time = (timestamp) => {
    if (timestamp.tag === "no-change") return null;
    if (timestamp.tag === "now") return BigInt(Date.now()) * 1_000_000n;
    return timestamp.val.seconds * BILLION + BigInt(timestamp.val.nanoseconds);
  };
  return { accessed: time(accessed), modified: time(modified) };
}
