/**
 * Starts the command micropython-ssl, or MicroPython for WASI, as a user would, and collects what
 * it prints.
 */

import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { portOf } from "./programs.js";

/**
 * @import { TestContext } from "node:test"
 *
 * @typedef {{code: number | null, signal: NodeJS.Signals | null, stdout: string, stderr: string}}
 *   Finished
 *
 * @typedef {import("node:child_process").ChildProcessWithoutNullStreams & {finished:
 *   Promise<Finished>}} Child `finished` is how it ended and what it printed.
 *
 * @typedef {Parameters<typeof start>[1] & {input?: string | Uint8Array, limit?: number}} RunOptions
 */

export const CLI = fileURLToPath(new URL("../../web/node/cli.js", import.meta.url));

/**
 * The interpreter under test, to be followed by its arguments: the runner, or what the suite of
 * MicroPython for WASI says.
 */
export const INTERPRETER = process.env.TEST_INTERPRETER ? JSON.parse(process.env.TEST_INTERPRETER) : [process.execPath, CLI];

/**
 * Why a test of the runner is none of MicroPython for WASI, for node:test's `skip`.
 *
 * @param {string} reason
 * @returns {string | false} False under the runner.
 */
export const runnerOnly = (reason) => (process.env.TEST_INTERPRETER ? reason : false);

/**
 * Why a test is none of MicroPython in a page, for node:test's `skip`.
 *
 * @param {string} reason
 * @returns {string | false} False elsewhere.
 */
export const notInPage = (reason) => (process.env.TEST_RUNTIME === "page" ? reason : false);

/** Why programs that serve cannot be asked by a test. */
export const servesOthers = notInPage("a page's servers are found in that page only");

/**
 * Starts the interpreter.
 *
 * @param {string[]} args
 * @param {{cwd?: string | URL, env?: NodeJS.ProcessEnv, command?: string[]}} [options] `command` is
 *   another interpreter to start.
 * @returns {Child}
 */
export function start(args, { cwd, env, command = INTERPRETER } = {}) {
  const child = spawn(command[0], [...command.slice(1), ...args], { cwd, env: { ...process.env, MICROPYPATH: undefined, ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  /** @type {Child["finished"]} */
  const finished = new Promise((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return Object.assign(child, { finished });
}

/**
 * Runs it to its end, with `input` on its standard input; it is killed after `limit` milliseconds.
 *
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export async function run(args, { input = "", limit = 60_000, ...options } = {}) {
  const child = start(args, options);
  const timer = setTimeout(() => child.kill("SIGKILL"), limit);
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const result = await child.finished;
  clearTimeout(timer);
  return result;
}

/** Runs Python source with -c. @param {string} source @param {RunOptions} [options] */
export function runCode(source, options) {
  return run(["-c", source], options);
}

/**
 * Waits until the child has printed something that matches; returns the match.
 *
 * @param {Child} child
 * @param {RegExp} pattern
 * @returns {Promise<RegExpExecArray>}
 */
export function printed(child, pattern) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (more) => {
      text += more;
      const match = pattern.exec(text);
      if (match) resolve(match);
    });
    child.on("close", () => reject(new Error(`ended without printing ${pattern}: ${text}`)));
  });
}

/** Why processorTime() and residentMemory() cannot be had here; false where they can. */
export const noProcfs = existsSync("/proc/self/stat") ? notInPage("a page's programs are no processes of their own") : "needs Linux's /proc";

/** Milliseconds of processor time that a child has used. @param {{pid?: number}} child */
export function processorTime(child) {
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Bytes of memory that a child has in use. @param {{pid?: number}} child */
export function residentMemory(child) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) * 1024;
}

/**
 * A folder with files, removed when the test ends.
 *
 * @param {TestContext} t
 * @param {Record<string, string | Uint8Array>} files
 */
export function folder(t, files) {
  const root = mkdtempSync(path.join(tmpdir(), "micropython-ssl-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

/**
 * A port of TCP, or of UDP, that nobody uses.
 *
 * @param {string} [host]
 * @param {"tcp" | "udp"} [kind]
 */
export async function freePort(host = "127.0.0.1", kind = "tcp") {
  const socket = kind === "udp" ? createSocket(host.includes(":") ? "udp6" : "udp4").bind(0, host) : createServer().listen(0, host);
  await once(socket, "listening");
  const port = portOf(socket);
  socket.close();
  await once(socket, "close");
  return port;
}

/**
 * Listens on a free port of 127.0.0.1 (or `host`) until the test ends; resolves to the port.
 *
 * @param {TestContext} t
 * @param {import("node:net").Server & {closeAllConnections?: () => void}} server
 * @param {string} [host]
 * @returns {Promise<number>}
 */
export function listen(t, server, host = "127.0.0.1") {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, () => {
      t.after(() => {
        server.closeAllConnections?.();
        server.close();
      });
      resolve(portOf(server));
    });
  });
}
