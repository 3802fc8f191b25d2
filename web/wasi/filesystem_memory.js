/** Files in memory, for programs in a page; the page reaches them too. There are no links. */

import { isBelow } from "./filesystem.js";

/** @implements {import("./filesystem.js").Files} */
export class MemoryFiles {
  #root = newFolder();
  #changed;

  /**
   * @param {(path: string, content: Uint8Array | null) => void} [changed] Told what a file is that
   *   a program wrote to and closed; null for one that is gone. The content must be copied.
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

  /** The content of a file. @returns {Uint8Array} */
  read(path) {
    const node = this.#find(path);
    if (node.entries) throw errno("EISDIR");
    return contentOf(node).slice();
  }

  /** Writes a file, and makes the folders that it needs. */
  write(path, content) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    let folder = this.#root;
    const parts = partsOf(path);
    for (const name of parts.slice(0, -1)) {
      if (!folder.entries.has(name)) add(folder, name, newFolder());
      folder = folder.entries.get(name);
      if (!folder.entries) throw errno("ENOTDIR");
    }
    const name = parts.at(-1);
    const node = folder.entries.get(name) ?? add(folder, name, newFile());
    if (node.entries) throw errno("EISDIR");
    fill(node, bytes.slice());
  }

  /** Puts a file in place whose content is asked for when it is first read. */
  writeWhenOpened(path, load) {
    this.write(path, "");
    this.#find(path).load = load;
  }

  within(root, wanted) {
    const path = `/${partsOf(wanted).join("/")}`;
    // A folder that is to be left has to be there.
    wanted.split("/").forEach((part, i, parts) => part === ".." && this.list(parts.slice(0, i).join("/")));
    if (!isBelow(path, root)) throw errno("EPERM");
    // What ends with a slash is a folder, or becomes one.
    if (wanted.endsWith("/") && this.#look(path)?.entries === null) throw errno("ENOTDIR");
    return path;
  }

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
    const file = new MemoryFile(node, () => this.#tell(node));
    if (truncate) file.resize(0);
    return file;
  }

  stat(path) {
    return statOf(this.#find(path));
  }

  list(path) {
    return [...this.#folder(path).entries].map(([name, node]) => ({ name, type: typeOf(node) }));
  }

  makeFolder(path) {
    if (this.#look(path)) throw errno("EEXIST");
    const [folder, name] = this.#place(path);
    add(folder, name, newFolder());
  }

  removeFolder(path) {
    const node = this.#folder(path);
    if (node.entries.size > 0) throw errno("ENOTEMPTY");
    if (node === this.#root) throw errno("EBUSY");
    this.#detach(path);
  }

  remove(path) {
    if (this.#find(path).entries) throw errno("EISDIR");
    this.#detach(path);
    this.#changed(path, null);
  }

  rename(from, to) {
    const node = this.#find(from);
    const old = this.#look(to);
    if (old === node) return;
    if (node.entries && isBelow(to, from)) throw errno("EINVAL");
    if (old?.entries && !node.entries) throw errno("EISDIR");
    if (node.entries && old?.entries === null) throw errno("ENOTDIR");
    if (old?.entries?.size > 0) throw errno("ENOTEMPTY");
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

  readLink(path) {
    this.#find(path);
    throw errno("EINVAL");
  }

  setTimes(path, follow, times) {
    setTimes(this.#find(path), times);
  }

  /** What is at a path; undefined where there is nothing. */
  #look(path) {
    let node = this.#root;
    for (const name of partsOf(path)) {
      if (!node) return undefined;
      if (!node.entries) throw errno("ENOTDIR");
      node = node.entries.get(name);
    }
    return node;
  }

  #find(path) {
    const node = this.#look(path);
    if (!node) throw errno("ENOENT");
    return node;
  }

  #folder(path) {
    const node = this.#find(path);
    if (!node.entries) throw errno("ENOTDIR");
    return node;
  }

  /** The folder in which something is to be, and its name there. */
  #place(path) {
    const parts = partsOf(path);
    if (parts.length === 0) throw errno("EBUSY");
    return [this.#folder(`/${parts.slice(0, -1).join("/")}`), parts.at(-1)];
  }

  #detach(path) {
    const [folder, name] = this.#place(path);
    folder.entries.get(name).links -= 1;
    folder.entries.delete(name);
    folder.modified = Date.now();
  }

  /** A file was written and closed. It may have another name by now, or none. */
  #tell(node) {
    if (node.links === 0) return;
    const found = below("", this.#root).find(([, file]) => file === node);
    if (found) this.#changed(found[0], contentOf(node));
  }
}

/** @implements {import("./filesystem.js").File} */
class MemoryFile {
  #node;
  #written;
  #dirty = false;

  constructor(node, written) {
    this.#node = node;
    this.#written = written;
  }

  read(length, position) {
    const { bytes, size } = this.#node;
    return bytes.slice(Math.min(position, size), Math.min(position + length, size));
  }

  write(bytes, position) {
    const node = this.#node;
    reserve(node, position + bytes.length);
    node.bytes.set(bytes, position);
    node.size = Math.max(node.size, position + bytes.length);
    this.#changed();
    return bytes.length;
  }

  append(bytes) {
    return this.write(bytes, this.#node.size);
  }

  stat() {
    return statOf(this.#node);
  }

  resize(size) {
    const node = this.#node;
    reserve(node, size);
    node.bytes.fill(0, size, node.size);
    node.size = size;
    this.#changed();
  }

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

function newFile() {
  return { inode: ++lastInode, links: 0, entries: null, bytes: new Uint8Array(0), size: 0, modified: Date.now(), load: null };
}

function newFolder() {
  return { inode: ++lastInode, links: 0, entries: new Map(), size: 0, modified: Date.now() };
}

function add(folder, name, node) {
  node.links += 1;
  folder.entries.set(name, node);
  folder.modified = Date.now();
  return node;
}

/** Makes room for so many bytes; what is behind the file's end is 0. */
function reserve(node, size) {
  if (size <= node.bytes.length) return;
  const bytes = new Uint8Array(Math.max(size, node.bytes.length * 2));
  bytes.set(node.bytes.subarray(0, node.size));
  node.bytes = bytes;
}

/** Gives a file its content. */
function fill(node, bytes) {
  node.bytes = bytes;
  node.size = bytes.length;
  node.modified = Date.now();
  node.load = null;
}

function contentOf({ bytes, size }) {
  return bytes.subarray(0, size);
}

/** The files at or below a node, with their paths. */
function below(path, node) {
  if (!node.entries) return [[path, node]];
  return [...node.entries].flatMap(([name, child]) => below(`${path}/${name}`, child));
}

function partsOf(path) {
  const parts = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

function typeOf(node) {
  return node.entries ? "directory" : "regular-file";
}

function statOf(node) {
  const time = BigInt(node.modified) * 1_000_000n;
  return {
    type: typeOf(node), links: BigInt(node.links), size: BigInt(node.size), device: 1n, inode: BigInt(node.inode),
    accessed: time, modified: time, changed: time,
  };
}

function setTimes(node, { modified }) {
  if (modified !== null) node.modified = Number(modified / 1_000_000n);
}

function errno(code) {
  return Object.assign(new Error(code), { code });
}
