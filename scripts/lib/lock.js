/** One process at a time: a lock file that names its holder. */

import { linkSync, mkdirSync, readFileSync, rmSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../../web/net/errno.js";

const POLL = 200; // ms
const BREAKING_TAKES = 5000; // ms; whoever breaks a lock for longer than this has died doing it

/** @type {Set<string>} locks this process holds */
const held = new Set();
process.on("exit", () => held.forEach((path) => rmSync(path, { force: true })));

/**
 * Does something while holding a lock; waits for other processes that hold it, not for ones that
 * have died.
 *
 * @template T
 * @param {string} path The lock file.
 * @param {() => Promise<T>} work
 * @param {(message: string) => void} [onWait] Told once when it has to wait.
 * @returns {Promise<T>} What `work` returns.
 */
export async function withLock(path, work, onWait = console.log) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!take(path)) {
    const pid = holder(path);
    if (pid !== undefined && !alive(pid)) {
      breakLock(path);
      continue;
    }
    if (!told && pid !== undefined) {
      onWait(`waiting for process ${pid}, which is at the same work (${path})`);
      told = true;
    }
    await sleep(POLL);
  }
  held.add(path);
  try {
    return await work();
  } finally {
    held.delete(path);
    rmSync(path, { force: true });
  }
}

/** @param {string} path */
function take(path) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, path); // atomic, and the file is never seen empty
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** @param {string} path */
function holder(path) {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return undefined; // given back meanwhile
  }
}

/** @param {number} pid */
function alive(pid) {
  if (!(pid > 0)) return false; // not a lock of ours
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/**
 * Takes a dead process' lock away; only one process at a time may, or one would take a living
 * one's.
 *
 * @param {string} path
 */
function breakLock(path) {
  const guard = `${path}.breaking`;
  try {
    mkdirSync(guard);
  } catch {
    try {
      if (Date.now() - statSync(guard).mtimeMs > BREAKING_TAKES) rmdirSync(guard);
    } catch {
      // another one has done it
    }
    return;
  }
  const pid = holder(path);
  if (pid !== undefined && !alive(pid)) rmSync(path, { force: true });
  rmdirSync(guard);
}
