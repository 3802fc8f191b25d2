/**
 * A component asks its host for files as the input says: whatever fails is an error of WASI, and
 * nothing outside the folder that it was given is told, changed or made.
 */

import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DROP } from "../../web/dispose.js";
import { filesystem } from "../../web/wasi/filesystem.js";
import { MemoryFiles } from "../../web/wasi/filesystem_memory.js";
import { hostFiles } from "../../web/wasi/filesystem_node.js";

/** @import { Files } from "../../web/wasi/filesystem.js" */

const SECRET = "only outside";
const PARTS = ["a", "b", "link", "..", ".", "", "outside", "secret", "inside", "\0", "ä"];
const WHOLE = { read: true, write: true, create: true, exclusive: false, truncate: false, follow: true };
const bytes = new TextEncoder().encode(SECRET);
const decoder = new TextDecoder();

/** The first byte says where the files are: on the host or in memory. @param {Uint8Array} input */
export function run(input) {
  if (!(input[0] & 1)) return act(input.subarray(1), new MemoryFiles(), "");
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), "fuzz-files-")));
  try {
    act(input.subarray(1), hostFiles, scratch);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** @param {Uint8Array} input @param {Files} files @param {string} top Where the folders are. */
function act(input, files, top) {
  let at = 0;
  const next = () => input[at++] ?? 0;
  for (const folder of ["inside", "outside"]) files.makeFolder(`${top}/${folder}`);
  for (const name of ["secret", "of outside"]) {
    const file = files.open(`${top}/outside/${name}`, WHOLE);
    file?.write(bytes, 0);
    file?.close();
  }
  const before = outside(files, top);
  const [[root]] = filesystem(files, [["/", `${top}/inside`]]).preopens.getDirectories();
  const open = [root];

  const path = () => Array.from({ length: 1 + (next() % 4) }, () => PARTS[next() % PARTS.length]).join("/");
  const one = () => open[next() % open.length];
  const flag = () => next() % 2 === 1;
  const follow = () => ({ symlinkFollow: flag() });
  const calls = [
    () => open.push(one().openAt(follow(), path(), { create: flag(), directory: flag(), exclusive: flag(), truncate: flag() }, { read: flag(), write: flag() })),
    () => one().createDirectoryAt(path()),
    () => one().symlinkAt(path(), path()),
    () => one().linkAt(follow(), path(), one(), path()),
    () => one().renameAt(path(), one(), path()),
    () => one().unlinkFileAt(path()),
    () => one().removeDirectoryAt(path()),
    () => one().readlinkAt(path()),
    () => assert.notEqual(one().statAt(follow(), path()).size, BigInt(bytes.length), "the size of what is outside"),
    () => assert.notEqual(one().stat().size, BigInt(bytes.length), "the size of what is outside"),
    () => one().write(Uint8Array.of(next()), BigInt(next() % 8)),
    () => one().appendViaStream().write(Uint8Array.of(next())),
    () => one().setSize(BigInt(next() % 8)),
    () => assert.notEqual(decoder.decode(/** @type {Uint8Array} */ (one().read(100n, 0n)[0])), SECRET),
    () => {
      const entries = one().readDirectory();
      for (let entry; (entry = entries.readDirectoryEntry()); ) assert.notEqual(entry.name, "of outside");
    },
    () => one().setTimes({ tag: "timestamp", val: { seconds: 1n, nanoseconds: 0 } }, { tag: "no-change" }),
    () => one().setTimesAt(follow(), path(), { tag: "timestamp", val: { seconds: 1n, nanoseconds: 0 } }, { tag: "no-change" }),
  ];
  while (at < input.length) {
    try {
      calls[next() % calls.length]();
    } catch (error) {
      if (/** @type {{payload?: unknown}} */ (error).payload === undefined) throw error;
    }
  }
  for (const each of open) Reflect.get(each, DROP).call(each);
  assert.deepEqual(outside(files, top), before);
}

/**
 * All that is to be seen outside, but for when it was read.
 *
 * @param {Files} files
 * @param {string} top
 */
function outside(files, top) {
  const folder = `${top}/outside`;
  const facts = [top, folder, ...files.list(folder).map(({ name }) => `${folder}/${name}`)].map((path) => {
    const { accessed, modified, changed, links, ...rest } = files.stat(path || "/", false);
    return path === top ? { links } : { ...rest, links, modified };
  });
  const secret = files.open(`${folder}/secret`, { ...WHOLE, write: false, create: false });
  const text = decoder.decode(secret?.read(100, 0));
  secret?.close();
  return [files.list(top || "/").map(({ name }) => name).sort(), files.list(folder).map(({ name }) => name).sort(), facts, text];
}
