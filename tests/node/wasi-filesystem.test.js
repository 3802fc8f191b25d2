/**
 * wasi:filesystem over the host's files and over files in memory, by the calls that a component
 * makes.
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, win32 } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { DROP } from "../../web/dispose.js";
import { filesystem } from "../../web/wasi/filesystem.js";
import { MemoryFiles } from "../../web/wasi/filesystem_memory.js";
import { hostFiles, pathInPrograms } from "../../web/wasi/filesystem_node.js";

const FOLLOW = { symlinkFollow: true };
const READ = { read: true };
const WRITE = { write: true };
const BOTH = { read: true, write: true };
/** @param {string} text */
const encode = (text) => new TextEncoder().encode(text);
/** @param {Uint8Array} bytes */
const decode = (bytes) => new TextDecoder().decode(bytes);
/** @param {string | object} code @param {() => unknown} call */
const fails = (code, call) => assert.throws(call, ({ payload }) => (assert.deepEqual(payload, code), true));

/** @type {string} */
let scratch;
beforeEach(() => (scratch = realpathSync(mkdtempSync(join(tmpdir(), "wasi-files-")))));
afterEach(() => rmSync(scratch, { recursive: true }));

/**
 * The one folder that a program finds open.
 *
 * @param {Parameters<typeof filesystem>[0]} files
 * @param {string} path
 */
function opened(files, path) {
  const [[descriptor]] = filesystem(files, [["/", path]]).preopens.getDirectories();
  return descriptor;
}

/** @typedef {ReturnType<typeof opened>} Folder */

/** @param {Folder} folder @param {string} path @param {string} text */
function write(folder, path, text) {
  const file = folder.openAt(FOLLOW, path, { create: true, truncate: true }, WRITE);
  file.writeViaStream(0n).blockingWriteAndFlush(encode(text));
  file[DROP]();
}

/** @param {Folder} folder @param {string} path */
function read(folder, path) {
  return decode(folder.openAt(FOLLOW, path, {}, READ).read(1000n, 0n)[0]);
}

/** @param {Folder} folder */
function names(folder) {
  const entries = folder.readDirectory();
  const found = [];
  for (let entry; (entry = entries.readDirectoryEntry()) !== undefined; ) found.push(`${entry.name} ${entry.type}`);
  return found.sort();
}

/** @type {[where: string, root: () => Folder][]} */
const ROOTS = [
  ["the host", () => opened(hostFiles, scratch)],
  ["memory", () => opened(new MemoryFiles(), "/")],
];
for (const [where, root] of ROOTS) {
  describe(`files of ${where}`, () => {
    test("are written, read from any position, appended to, cut and extended", () => {
      const folder = root();
      write(folder, "a.txt", "hello world");
      const file = folder.openAt(FOLLOW, "a.txt", {}, BOTH);
      assert.deepEqual(file.read(5n, 6n), [encode("world"), false]);
      assert.deepEqual(file.read(5n, 11n), [new Uint8Array(0), true]);
      assert.equal(file.write(encode("W"), 6n), 1n);
      file.appendViaStream().blockingWriteAndFlush(encode("!"));
      file.appendViaStream().blockingWriteAndFlush(encode("?"));
      assert.equal(read(folder, "a.txt"), "hello World!?");
      file.setSize(5n);
      assert.equal(read(folder, "a.txt"), "hello");
      file.setSize(7n);
      assert.equal(read(folder, "a.txt"), "hello\0\0");
      file.writeViaStream(9n).write(encode("x"));
      assert.equal(file.stat().size, 10n);
      assert.equal(read(folder, "a.txt"), "hello\0\0\0\0x");
    });

    test("are streams that end", () => {
      const folder = root();
      write(folder, "a.txt", "abc");
      const stream = folder.openAt(FOLLOW, "a.txt", {}, READ).readViaStream(1n);
      assert.equal(decode(stream.blockingRead(1n)), "b");
      assert.equal(decode(stream.read(9n)), "c");
      fails({ tag: "closed" }, () => stream.blockingRead(1n));
    });

    test("a large file comes back as it was written", () => {
      const folder = root();
      const bytes = Uint8Array.from({ length: 1_000_000 }, (_, i) => i * 7);
      const out = folder.openAt(FOLLOW, "large", { create: true }, WRITE).writeViaStream(0n);
      for (let at = 0; at < bytes.length; at += 4096) out.blockingWriteAndFlush(bytes.slice(at, at + 4096));
      const stream = folder.openAt(FOLLOW, "large", {}, READ).readViaStream(0n);
      const back = new Uint8Array(bytes.length);
      for (let at = 0; at < back.length; ) {
        const piece = stream.blockingRead(2n ** 40n);
        back.set(piece, at);
        at += piece.length;
      }
      assert.deepEqual(back, bytes);
    });

    test("opening says what is wrong", () => {
      const folder = root();
      write(folder, "file", "");
      folder.createDirectoryAt("sub");
      fails("no-entry", () => folder.openAt(FOLLOW, "none", {}, READ));
      fails("no-entry", () => folder.openAt(FOLLOW, "none/file", { create: true }, WRITE));
      fails("not-directory", () => folder.openAt(FOLLOW, "file/x", {}, READ));
      fails("not-directory", () => folder.openAt(FOLLOW, "file", { directory: true }, READ));
      fails("exist", () => folder.openAt(FOLLOW, "file", { create: true, exclusive: true }, WRITE));
      fails("is-directory", () => folder.openAt(FOLLOW, "sub", {}, WRITE));
      fails("invalid", () => folder.openAt(FOLLOW, "sub", { create: true, directory: true }, READ));
      fails("not-permitted", () => folder.openAt(FOLLOW, "/file", {}, READ));
      fails("invalid", () => folder.openAt(FOLLOW, "fi\0le", {}, READ));
      fails("bad-descriptor", () => folder.openAt(FOLLOW, "file", {}, READ).write(encode("x"), 0n));
      fails("bad-descriptor", () => folder.openAt(FOLLOW, "file", {}, WRITE).read(1n, 0n));
      fails("is-directory", () => folder.openAt(FOLLOW, "sub", {}, READ).read(1n, 0n));
    });

    test("folders are made, listed and removed", () => {
      const folder = root();
      folder.createDirectoryAt("sub");
      write(folder, "sub/x", "1");
      write(folder, "y", "2");
      assert.deepEqual(names(folder), ["sub directory", "y regular-file"]);
      assert.deepEqual(names(folder.openAt(FOLLOW, "sub", { directory: true }, READ)), ["x regular-file"]);
      assert.equal(read(folder.openAt(FOLLOW, "sub", {}, READ), "../y"), "2");
      fails("exist", () => folder.createDirectoryAt("sub"));
      fails("not-empty", () => folder.removeDirectoryAt("sub"));
      fails("not-directory", () => folder.removeDirectoryAt("y"));
      fails("is-directory", () => folder.unlinkFileAt("sub"));
      fails("no-entry", () => folder.unlinkFileAt("none"));
      folder.unlinkFileAt("sub/x");
      folder.removeDirectoryAt("sub");
      assert.deepEqual(names(folder), ["y regular-file"]);
    });

    test("a file that is open stays when its name is gone", () => {
      const folder = root();
      write(folder, "a", "still here");
      const file = folder.openAt(FOLLOW, "a", {}, READ);
      folder.unlinkFileAt("a");
      assert.equal(decode(file.read(100n, 0n)[0]), "still here");
    });

    test("are renamed, over others too", () => {
      const folder = root();
      write(folder, "a", "A");
      write(folder, "b", "B");
      folder.renameAt("a", folder, "b");
      assert.deepEqual([names(folder), read(folder, "b")], [["b regular-file"], "A"]);
      folder.createDirectoryAt("sub");
      folder.renameAt("b", folder.openAt(FOLLOW, "sub", {}, READ), "c");
      folder.renameAt("sub", folder, "moved");
      assert.equal(read(folder, "moved/c"), "A");
      fails("no-entry", () => folder.renameAt("none", folder, "x"));
      write(folder, "file", "");
      fails("is-directory", () => folder.renameAt("file", folder, "moved"));
      fails("not-directory", () => folder.renameAt("moved", folder, "file"));
      fails("invalid", () => folder.renameAt("moved", folder, "moved/itself"));
    });

    test("tell their size, kind and times", () => {
      const folder = root();
      write(folder, "a", "four");
      const before = folder.statAt(FOLLOW, "a");
      assert.deepEqual([before.type, before.size, before.linkCount], ["regular-file", 4n, 1n]);
      assert.ok(Math.abs(Number(before.dataModificationTimestamp.seconds) - Date.now() / 1000) < 10);
      assert.equal(folder.statAt(FOLLOW, ".").type, "directory");
      folder.setTimesAt(FOLLOW, "a", { tag: "no-change" }, { tag: "timestamp", val: { seconds: 1_000_000n, nanoseconds: 500_000_000 } });
      assert.deepEqual(folder.statAt(FOLLOW, "a").dataModificationTimestamp, { seconds: 1_000_000n, nanoseconds: 500_000_000 });
      fails("no-entry", () => folder.statAt(FOLLOW, "none"));
    });

    test("an object is the same by whatever name it was opened", () => {
      const folder = root();
      write(folder, "a", "");
      write(folder, "b", "");
      const [one, again, other] = ["a", "./a", "b"].map((path) => folder.openAt(FOLLOW, path, {}, READ));
      assert.equal(one.isSameObject(again), true);
      assert.equal(one.isSameObject(other), false);
      assert.deepEqual(one.metadataHash(), folder.metadataHashAt(FOLLOW, "a"));
      assert.notDeepEqual(one.metadataHash(), other.metadataHash());
    });
  });
}

describe("a program is kept in its folders", () => {
  test("on the host, also where links lead out", () => {
    mkdirSync(join(scratch, "inside"));
    mkdirSync(join(scratch, "insider"));
    writeFileSync(join(scratch, "secret"), "s");
    symlinkSync("../secret", join(scratch, "inside/link"));
    symlinkSync("..", join(scratch, "inside/up"));
    symlinkSync("../made", join(scratch, "inside/dangling"));
    const folder = opened(hostFiles, join(scratch, "inside"));
    for (const path of ["../secret", "link", "up/secret", "up", "../insider", "..", "x/../../secret"]) {
      assert.throws(() => folder.openAt(FOLLOW, path, {}, READ), ({ payload }) => payload === "not-permitted" || payload === "no-entry", path);
    }
    fails("not-permitted", () => folder.openAt(FOLLOW, "dangling", { create: true }, WRITE));
    fails("not-permitted", () => folder.openAt(FOLLOW, "link", { exclusive: true }, READ));
    fails("not-permitted", () => folder.openAt(FOLLOW, "up", { exclusive: true }, READ));
    fails("exist", () => folder.openAt(FOLLOW, "link", { create: true, exclusive: true }, WRITE));
    fails("not-permitted", () => folder.unlinkFileAt("../secret"));
    fails("not-permitted", () => folder.renameAt("link", folder, "../elsewhere"));
    assert.equal(folder.readlinkAt("link"), "../secret");
    folder.unlinkFileAt("link");
    assert.equal(readFileSync(join(scratch, "secret"), "utf8"), "s");
  });

  test("on the host, also where a link has a slash behind it, or has taken an open folder's place", () => {
    for (const name of ["inside", "inside/folder", "outside"]) mkdirSync(join(scratch, name));
    writeFileSync(join(scratch, "outside/secret"), "s");
    const before = statSync(join(scratch, "outside"));
    const root = opened(hostFiles, join(scratch, "inside"));
    const folder = root.openAt({}, "folder", { directory: true }, READ);
    root.removeDirectoryAt("folder");
    root.symlinkAt("../outside", "folder");
    root.symlinkAt("../outside/new", "dangling");
    const now = /** @type {const} */ ({ tag: "now" });
    for (const call of [
      () => folder.readDirectory(), () => folder.stat(), () => folder.metadataHash(), () => folder.setTimes(now, now),
      () => folder.openAt({}, "secret", {}, READ), () => root.openAt({}, "folder/", { directory: true }, READ), () => root.statAt({}, "folder/"),
      () => root.statAt({}, "folder//"), () => root.createDirectoryAt("dangling/"), () => root.metadataHashAt({}, "folder/"), () => root.setTimesAt({}, "folder/", now, now),
    ]) {
      fails("not-permitted", call);
    }
    assert.equal(statSync(join(scratch, "outside")).mtimeMs, before.mtimeMs);
  });

  test("on the host, also where a link to nothing is reached by another link", () => {
    for (const name of ["inside", "inside/a", "inside/a/outside", "outside"]) mkdirSync(join(scratch, name));
    const folder = opened(hostFiles, join(scratch, "inside"));
    folder.symlinkAt("..", "a/up");
    folder.symlinkAt("../outside/new", "link");
    fails("not-permitted", () => folder.openAt(FOLLOW, "a/up/link", { create: true }, WRITE));
    assert.deepEqual(readdirSync(join(scratch, "outside")), []);
  });

  test("on the host, and links in it lead where they lead the system", () => {
    for (const name of ["inside", "inside/a"]) mkdirSync(join(scratch, name));
    writeFileSync(join(scratch, "inside/a/file"), "s");
    symlinkSync(join(scratch, "inside"), join(scratch, "elsewhere"));
    const folder = opened(hostFiles, join(scratch, "elsewhere/"));
    symlinkSync(join(scratch, "elsewhere/a"), join(scratch, "inside/whole"));
    symlinkSync("/etc/hosts", join(scratch, "inside/hosts"));
    folder.symlinkAt("a/../whole/./", "more");
    folder.symlinkAt("a/new", "missing");
    assert.equal(folder.statAt({}, ".").type, "directory");
    assert.equal(read(folder, "more/file"), "s");
    write(folder, "missing", "made");
    assert.equal(readFileSync(join(scratch, "inside/a/new"), "utf8"), "made");
    fails("not-permitted", () => folder.statAt(FOLLOW, "hosts"));
    fails("not-directory", () => folder.statAt(FOLLOW, "missing/"));
    fails("not-directory", () => folder.statAt(FOLLOW, "missing/.."));
    fails("no-entry", () => folder.statAt(FOLLOW, "nothing/.."));
    folder.createDirectoryAt("made/");
    assert.deepEqual(names(folder.openAt(FOLLOW, "made", {}, READ)), []);
  });

  test("in memory, and cannot remove or rename them", () => {
    const files = new MemoryFiles();
    files.makeFolder("/inside");
    const folder = opened(files, "/inside");
    files.makeFolder("/inside/sub");
    for (const path of [".", "./", "sub/.."]) {
      fails("invalid", () => folder.removeDirectoryAt(path));
      fails("invalid", () => folder.renameAt(path, folder, "x"));
    }
    assert.deepEqual(files.list("/").map(({ name }) => name), ["inside"]);
  });

  test("in memory", () => {
    const files = new MemoryFiles();
    files.write("/secret", "s");
    files.write("/inside/x", "x");
    const folder = opened(files, "/inside");
    fails("not-permitted", () => folder.openAt(FOLLOW, "../secret", {}, READ));
    fails("no-entry", () => folder.openAt(FOLLOW, "none/../x", {}, READ));
    fails("not-permitted", () => folder.openAt(FOLLOW, "../inside/x", {}, READ));
    assert.equal(read(opened(files, "/"), "../inside/../secret"), "s");
  });

  test("which may be one in another", () => {
    writeFileSync(join(scratch, "x"), "x");
    mkdirSync(join(scratch, "sub"));
    const [, [current]] = filesystem(hostFiles, [["/", scratch], [".", join(scratch, "sub")]]).preopens.getDirectories();
    assert.equal(read(current, "../x"), "x");
  });
});

describe("links of the host", () => {
  test("are made, read and followed, or not", () => {
    const folder = opened(hostFiles, scratch);
    write(folder, "a", "A");
    folder.symlinkAt("a", "link");
    assert.equal(folder.readlinkAt("link"), "a");
    assert.equal(read(folder, "link"), "A");
    assert.equal(folder.statAt({}, "link").type, "symbolic-link");
    assert.equal(folder.statAt(FOLLOW, "link").type, "regular-file");
    fails("loop", () => folder.openAt({}, "link", {}, READ));
    folder.symlinkAt("round", "round");
    fails("loop", () => folder.openAt(FOLLOW, "round", {}, READ));
    fails("unsupported", () => folder.linkAt({}, "link", folder, "hard"));
    folder.linkAt({}, "a", folder, "hard");
    assert.equal(folder.statAt(FOLLOW, "a").linkCount, 2n);
  });
});

test("two programs that append to one file of the host lose nothing", () => {
  const [one, other] = [opened(hostFiles, scratch), opened(hostFiles, scratch)].map((folder) =>
    folder.openAt(FOLLOW, "log", { create: true }, WRITE).appendViaStream());
  for (let i = 0; i < 3; i++) {
    one.blockingWriteAndFlush(encode("1"));
    other.blockingWriteAndFlush(encode("2"));
  }
  assert.equal(readFileSync(join(scratch, "log"), "utf8"), "121212");
});

test("what is appended goes to the file that was opened, though another one has its name", () => {
  const folder = opened(hostFiles, scratch);
  const log = folder.openAt(FOLLOW, "log", { create: true }, WRITE);
  folder.renameAt("log", folder, "log.1");
  write(folder, "log", "new");
  log.appendViaStream().blockingWriteAndFlush(encode("old"));
  folder.unlinkFileAt("log");
  folder.openAt(FOLLOW, "log.1", {}, WRITE).appendViaStream().blockingWriteAndFlush(encode("er"));
  folder.renameAt("log.1", folder, "log.2");
  log.appendViaStream().blockingWriteAndFlush(encode("!"));
  assert.equal(read(folder, "log.2"), "older!");
});

test("devices of the host are read and written", () => {
  const folder = opened(hostFiles, "/");
  assert.deepEqual(folder.openAt(FOLLOW, "dev/zero", {}, READ).read(3n, 0n)[0], new Uint8Array(3));
  folder.openAt(FOLLOW, "dev/null", {}, WRITE).writeViaStream(0n).blockingWriteAndFlush(encode("x"));
  const full = folder.openAt(FOLLOW, "dev/full", {}, WRITE).writeViaStream(0n);
  const { filesystemErrorCode } = filesystem(hostFiles, []).types;
  assert.throws(() => full.blockingWriteAndFlush(encode("x")), ({ payload }) => filesystemErrorCode(payload.val) === "insufficient-space");
});

test("the page is told of files that were written and closed, renamed and removed", () => {
  /** @type {[string, string | null][]} */
  const told = [];
  const files = new MemoryFiles((path, content) => told.push([path, content && decode(content)]));
  const folder = opened(files, "/");
  folder.createDirectoryAt("sub");
  write(folder, "sub/a", "1");
  assert.equal(read(folder, "sub/a"), "1");
  folder.renameAt("sub", folder, "other");
  folder.unlinkFileAt("other/a");
  assert.deepEqual(told, [["/sub/a", "1"], ["/sub/a", null], ["/other/a", "1"], ["/other/a", null]]);
});

test("the page writes, lists, reads and removes files", () => {
  const files = new MemoryFiles();
  files.write("/a/b/c.txt", "text");
  files.write("/d.bin", new Uint8Array([1, 2]));
  assert.deepEqual(files.all().map(({ path, size }) => [path, size]), [["/a/b/c.txt", 4], ["/d.bin", 2]]);
  assert.equal(read(opened(files, "/"), "a/b/c.txt"), "text");
  assert.deepEqual(files.read("/d.bin"), new Uint8Array([1, 2]));
  files.remove("/d.bin");
  assert.throws(() => files.read("/d.bin"), { code: "ENOENT" });
  assert.throws(() => files.write("/a", ""), { code: "EISDIR" });
});

test("paths of Windows are those of programs, without the drive", () => {
  assert.equal(pathInPrograms("C:\\Users\\me\\a.py", win32), "/Users/me/a.py");
  assert.equal(pathInPrograms("C:\\", win32), "/");
  assert.equal(pathInPrograms("/home/me"), "/home/me");
});
