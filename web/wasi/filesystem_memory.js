/**
 * Files in memory, for programs in a page. The page can read and write them too. There are no
 * links.
 */

import { errno, isBelow } from "./paths.js";

/** @import { File, Files, OpenOptions, Times, Type } from "./filesystem.js" */

/**
 * @typedef {object} FileNode
 * @property {number} inode
 * @property {number} links
 * @property {null} entries
 * @property {Uint8Array} bytes
 * @property {number} size
 * @property {number} modified
 * @property {(() => Uint8Array) | null} load Returns the content at the first read.
 *
 * @typedef {object} FolderNode
 * @property {number} inode
 * @property {number} links
 * @property {Map<string, Node>} entries
 * @property {number} size
 * @property {number} modified
 *
 * @typedef {FileNode | FolderNode} Node
 */

/** @implements {Files} */
export class MemoryFiles {
  #root = newFolder();
  #changed;

  /**
   * @param {(path: string, content: Uint8Array | null) => void} [changed] Called with the content
   *   of a file that a program wrote to and closed, or with null for a file that was removed. The
   *   content has to be copied.
   */
  constructor(changed = () => {}) {
    this.#changed = changed;
  }

  /**
   * All files.
   *
   * @returns {{path: string, size: number, modified: number}[]} `modified` in milliseconds
   *   since 1970.
   */
  all() {
    return below("", this.#root).map(([path, { size, modified }]) => ({ path, size, modified }));
  }

  /** The content of a file. @returns {Uint8Array} @param {string} path */
  read(path) {
    const node = this.#find(path);
    if (node.entries) throw errno("EISDIR");
    return contentOf(node).slice();
  }

  /**
   * Writes a file, and makes the folders that it needs.
   *
   * @param {string} path
   * @param {string | Uint8Array} content
   */
  write(path, content) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    let folder = this.#root;
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) throw errno("EISDIR");
    for (const each of parts) {
      const next = folder.entries.get(each) ?? add(folder, each, newFolder());
      if (!next.entries) throw errno("ENOTDIR");
      folder = next;
    }
    const node = folder.entries.get(name) ?? add(folder, name, newFile());
    if (node.entries) throw errno("EISDIR");
    fill(node, bytes.slice());
  }

  /**
   * Makes a file whose content is loaded at the first read.
   *
   * @param {string} path
   * @param {() => Uint8Array} load
   */
  writeWhenOpened(path, load) {
    this.write(path, "");
    /** @type {FileNode} */ (this.#find(path)).load = load;
  }

  /** @param {string} path @param {OpenOptions} options */
  open(path, { write, create, exclusive, truncate }) {
    let node = this.#look(path);
    if (node && create && exclusive) throw errno("EEXIST");
    if (!node) {
      if (!create) throw errno("ENOENT");
      const [folder, name] = this.#place(path);
      node = add(folder, name, newFile());
    }
    if (node.entries) {
      if (write || truncate) throw errno("EISDIR");
      return null;
    }
    if (node.load) fill(node, node.load());
    const file = new MemoryFile(node, () => this.#report(node));
    if (truncate) file.resize(0);
    return file;
  }

  /** @param {string} path */
  stat(path) {
    return statOf(this.#find(path));
  }

  /** @param {string} path */
  list(path) {
    return [...this.#folder(path).entries].map(([name, node]) => ({ name, type: typeOf(node) }));
  }

  /** @param {string} path */
  makeFolder(path) {
    if (this.#look(path)) throw errno("EEXIST");
    const [folder, name] = this.#place(path);
    add(folder, name, newFolder());
  }

  /** @param {string} path */
  removeFolder(path) {
    const node = this.#folder(path);
    if (node.entries.size > 0) throw errno("ENOTEMPTY");
    if (node === this.#root) throw errno("EBUSY");
    this.#detach(path);
  }

  /** @param {string} path */
  remove(path) {
    if (this.#find(path).entries) throw errno("EISDIR");
    this.#detach(path);
    this.#changed(path, null);
  }

  /** @param {string} from @param {string} to */
  rename(from, to) {
    [from, to] = [from, to].map((path) => `/${partsOf(path).join("/")}`);
    const node = this.#find(from);
    const old = this.#look(to);
    if (old === node) return;
    if (node.entries && isBelow(to, from)) throw errno("EINVAL");
    if (old?.entries && !node.entries) throw errno("EISDIR");
    if (node.entries && old?.entries === null) throw errno("ENOTDIR");
    if (old?.entries?.size) throw errno("ENOTEMPTY");
    const [folder, name] = this.#place(to);
    const moved = below("", node).map(([path]) => path);
    this.#detach(from);
    add(folder, name, node);
    for (const path of moved) this.#changed(from + path, null);
    for (const [path, file] of below(to, node)) this.#changed(path, contentOf(file));
  }

  link() {
    throw errno("ENOTSUP");
  }

  symlink() {
    throw errno("ENOTSUP");
  }

  /** @param {string} path @returns {string} */
  readLink(path) {
    this.#find(path);
    throw errno("EINVAL");
  }

  /** @param {string} path @param {boolean} follow @param {Times} times */
  setTimes(path, follow, times) {
    setTimes(this.#find(path), times);
  }

  /**
   * The node at a path; undefined if there is none. @param {string} path @returns
   * {Node | undefined}
   */
  #look(path) {
    /** @type {Node | undefined} */
    let node = this.#root;
    for (const name of partsOf(path)) {
      if (!node) return undefined;
      if (!node.entries) throw errno("ENOTDIR");
      node = node.entries.get(name);
    }
    return node;
  }

  /** @param {string} path */
  #find(path) {
    const node = this.#look(path);
    if (!node) throw errno("ENOENT");
    return node;
  }

  /** @param {string} path */
  #folder(path) {
    const node = this.#find(path);
    if (!node.entries) throw errno("ENOTDIR");
    return node;
  }

  /**
   * The folder that a path's last part is in, and that part. @param {string} path @returns
   * {[FolderNode, string]}
   */
  #place(path) {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) throw errno("EBUSY");
    return [this.#folder(`/${parts.join("/")}`), name];
  }

  /** @param {string} path */
  #detach(path) {
    const [folder, name] = this.#place(path);
    const node = folder.entries.get(name);
    if (node) node.links -= 1;
    folder.entries.delete(name);
    folder.modified = Date.now();
  }

  /**
   * Reports a file that was written and closed. It may have been renamed or removed meanwhile.
   *
   * @param {FileNode} node
   */
  #report(node) {
    if (node.links === 0) return;
    const found = below("", this.#root).find(([, file]) => file === node);
    if (found) this.#changed(found[0], contentOf(node));
  }
}

/** @implements {File} */
class MemoryFile {
  #node;
  #written;
  #dirty = false;

  /** @param {FileNode} node @param {() => void} written */
  constructor(node, written) {
    this.#node = node;
    this.#written = written;
  }

  /** @param {number} length @param {number} position */
  read(length, position) {
    const { bytes, size } = this.#node;
    return bytes.slice(Math.min(position, size), Math.min(position + length, size));
  }

  /** @param {Uint8Array} bytes @param {number} position */
  write(bytes, position) {
    const node = this.#node;
    reserve(node, position + bytes.length);
    node.bytes.set(bytes, position);
    node.size = Math.max(node.size, position + bytes.length);
    this.#changed();
    return bytes.length;
  }

  /** @param {Uint8Array} bytes */
  append(bytes) {
    return this.write(bytes, this.#node.size);
  }

  stat() {
    return statOf(this.#node);
  }

  /** @param {number} size */
  resize(size) {
    const node = this.#node;
    reserve(node, size);
    node.bytes.fill(0, size, node.size);
    node.size = size;
    this.#changed();
  }

  /** @param {Times} times */
  setTimes(times) {
    setTimes(this.#node, times);
  }

  sync() {}

  close() {
    if (this.#dirty) this.#written();
    this.#dirty = false;
  }

  #changed() {
    this.#node.modified = Date.now();
    this.#dirty = true;
  }
}

let lastInode = 0;

/** @returns {FileNode} */
function newFile() {
  return { inode: ++lastInode, links: 0, entries: null, bytes: new Uint8Array(0), size: 0, modified: Date.now(), load: null };
}

/** @returns {FolderNode} */
function newFolder() {
  return { inode: ++lastInode, links: 0, entries: new Map(), size: 0, modified: Date.now() };
}

/**
 * @template {Node} T
 * @param {FolderNode} folder
 * @param {string} name
 * @param {T} node
 * @returns {T}
 */
function add(folder, name, node) {
  node.links += 1;
  folder.entries.set(name, node);
  folder.modified = Date.now();
  return node;
}

/**
 * Makes room for so many bytes. Bytes after the file's end are 0.
 *
 * @param {FileNode} node
 * @param {number} size
 */
function reserve(node, size) {
  if (size <= node.bytes.length) return;
  const bytes = new Uint8Array(Math.max(size, node.bytes.length * 2));
  bytes.set(node.bytes.subarray(0, node.size));
  node.bytes = bytes;
}

/** Gives a file its content. @param {FileNode} node @param {Uint8Array} bytes */
function fill(node, bytes) {
  node.bytes = bytes;
  node.size = bytes.length;
  node.modified = Date.now();
  node.load = null;
}

/** @param {FileNode} node */
function contentOf({ bytes, size }) {
  return bytes.subarray(0, size);
}

/**
 * The files at or below a node, with their paths. @param {string} path @param {Node} node @returns
 * {[path: string, file: FileNode][]}
 */
function below(path, node) {
  if (!node.entries) return [[path, node]];
  return [...node.entries].flatMap(([name, child]) => below(`${path}/${name}`, child));
}

/** @param {string} path */
function partsOf(path) {
  /** @type {string[]} */
  const parts = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

/** @param {Node} node @returns {Type} */
function typeOf(node) {
  return node.entries ? "directory" : "regular-file";
}

/** @param {Node} node */
function statOf(node) {
  const time = BigInt(node.modified) * 1_000_000n;
  return {
    type: typeOf(node), links: BigInt(node.links), size: BigInt(node.size), device: 1n, inode: BigInt(node.inode),
    accessed: time, modified: time, changed: time,
  };
}

/** @param {Node} node @param {Times} times */
function setTimes(node, { modified }) {
  if (modified !== null) node.modified = Number(modified / 1_000_000n);
}
