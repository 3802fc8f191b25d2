/** The host's files as MicroPython's file system, so that paths mean what they mean to any other program of the host. */

import fs from "node:fs";
import path from "node:path";

import { linuxError } from "../filesystem.js";
import { EINVAL, EISDIR, errnoOf } from "../net/errno.js";

const FOLDER = 0o040000;

/**
 * Puts the host's root folder in place of the empty file system that MicroPython starts with.
 *
 * @param {object} FS MicroPython's (Emscripten's) file system.
 * @param {string} cwd The folder to start in.
 * @param {string} scratch An absolute path of one component that is in memory and not on the host.
 */
export function mountHostFiles(FS, cwd, scratch) {
  const type = hostFileSystem(FS);
  FS.ignorePermissions = true;
  FS.root = null;
  FS.mount(type, {}, "/");
  FS.createNode(FS.root, scratch.slice(1), FOLDER | 0o555, 0);
  doNotCache(FS, type);
  FS.mount(FS.filesystems.MEMFS, {}, scratch);
  FS.chdir(cwd);
}

/** Names of the host's files are looked up each time from now on: other programs may change what they mean. */
function doNotCache(FS, type) {
  const add = FS.hashAddNode;
  FS.hashAddNode = (node) => {
    if (node.mount?.type !== type || node.parent === node) add(node);
  };
}

function hostFileSystem(FS) {
  /** Runs an operation of the host; its errors become MicroPython's. */
  const attempt = (operation) => {
    try {
      return operation();
    } catch (error) {
      throw error instanceof FS.ErrnoError ? error : linuxError(FS, errnoOf(error));
    }
  };
  const realPath = (node) => {
    const parts = [];
    for (; node.parent !== node; node = node.parent) parts.unshift(node.name);
    return `/${parts.join("/")}`;
  };
  const child = (parent, name) => path.join(realPath(parent), name);

  const type = {
    mount(mount) {
      const node = type.createNode(null, "/", fs.statSync("/").mode);
      node.mount = mount;
      return node;
    },

    createNode(parent, name, mode) {
      const node = FS.createNode(parent, name, mode, 0);
      node.node_ops = type.node_ops;
      node.stream_ops = type.stream_ops;
      return node;
    },

    node_ops: {
      getattr: (node) => attempt(() => fs.lstatSync(realPath(node))),

      setattr(node, attributes) {
        attempt(() => {
          const where = realPath(node);
          if (attributes.mode !== undefined) {
            fs.chmodSync(where, attributes.mode & 0o7777);
            node.mode = attributes.mode;
          }
          if (attributes.size !== undefined) fs.truncateSync(where, attributes.size);
        });
      },

      lookup: (parent, name) =>
        attempt(() => type.createNode(parent, name, fs.lstatSync(child(parent, name)).mode)),

      mknod(parent, name, mode) {
        return attempt(() => {
          const where = child(parent, name);
          if ((mode & 0o170000) === FOLDER) fs.mkdirSync(where, mode & 0o777);
          else fs.closeSync(fs.openSync(where, "wx", mode & 0o666));
          return type.createNode(parent, name, fs.lstatSync(where).mode);
        });
      },

      rename(node, parent, name) {
        attempt(() => fs.renameSync(realPath(node), child(parent, name)));
        node.name = name;
      },

      unlink: (parent, name) => attempt(() => fs.unlinkSync(child(parent, name))),
      rmdir: (parent, name) => attempt(() => fs.rmdirSync(child(parent, name))),
      readdir: (node) => attempt(() => [".", "..", ...fs.readdirSync(realPath(node))]),
      symlink: (parent, name, target) => attempt(() => fs.symlinkSync(target, child(parent, name))),
      readlink: (node) => attempt(() => fs.readlinkSync(realPath(node))),
      statfs: () => attempt(() => fs.statfsSync("/")),
    },

    stream_ops: {
      open(stream) {
        if (FS.isDir(stream.node.mode)) return;
        // Creation, exclusiveness and truncation were done by name already.
        const flags = stream.flags & (fs.constants.O_ACCMODE ?? 3) | (stream.flags & 0o2000 ? fs.constants.O_APPEND : 0);
        stream.descriptor = attempt(() => fs.openSync(realPath(stream.node), flags));
      },

      close(stream) {
        if (stream.descriptor !== undefined) attempt(() => fs.closeSync(stream.descriptor));
      },

      fsync: (stream) => attempt(() => (fs.fsyncSync(stream.descriptor), 0)),

      read(stream, buffer, offset, length, position) {
        if (stream.descriptor === undefined) throw linuxError(FS, EISDIR);
        return attempt(() => fs.readSync(stream.descriptor, buffer, offset, length, stream.seekable ? position : null));
      },

      write(stream, buffer, offset, length, position) {
        return attempt(() => fs.writeSync(stream.descriptor, buffer, offset, length, stream.seekable ? position : null));
      },

      llseek(stream, offset, whence) {
        let position = offset;
        if (whence === 1) position += stream.position;
        else if (whence === 2) position += attempt(() => fs.fstatSync(stream.descriptor).size);
        if (position < 0) throw linuxError(FS, EINVAL);
        return position;
      },
    },
  };
  return type;
}
