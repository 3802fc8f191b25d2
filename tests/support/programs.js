/** Starts other programs for tests: waits until they are ready, and ends them whatever happens. */

import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { endWithUs, signalGroup, which } from "../../scripts/lib/run.js";

const MORE_PATHS = ["/usr/sbin", "/sbin"];
const READY_LIMIT = 20_000; // ms

/**
 * A reason to skip tests that need programs which are not on this machine; for node:test's `skip`.
 *
 * @param {...string} names
 * @returns {string | false}
 */
export function missing(...names) {
  const absent = names.filter((name) => !which(name, MORE_PATHS));
  return absent.length ? `${absent.join(", ")} not installed` : false;
}

/**
 * @typedef {{code: number | null, signal: string | null, error?: Error}} End
 *
 * @typedef {object} Program One that is running.
 * @property {import("node:child_process").ChildProcessWithoutNullStreams} child
 * @property {() => string} output What it has printed so far, on both streams.
 * @property {(pattern: RegExp, limit?: number) => Promise<RegExpExecArray>} printed Waits for
 *   something in its output.
 * @property {() => Promise<End>} ended Waits for its end.
 * @property {() => Promise<void>} stop Ends it.
 */

/**
 * Starts a program.
 *
 * @param {string} name
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env] Added to this process' environment.
 * @param {RegExp} [options.ready] What it prints when it is ready.
 * @param {number} [options.port] A TCP port on 127.0.0.1 which it opens when it is ready.
 * @returns {Promise<Program>} When it is ready.
 */
export async function start(name, args, { cwd, env, ready, port } = {}) {
  const program = which(name, MORE_PATHS) ?? name;
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, detached: true, stdio: "pipe" });
  const release = endWithUs(child.pid);
  let text = "";
  /** @type {End | undefined} */
  let end;
  /** @type {Set<() => void>} */
  const watchers = new Set();
  const tell = () => watchers.forEach((watcher) => watcher());
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (part) => {
      text += part;
      tell();
    });
  }
  child.stdin.on("error", () => {}); // it may have ended
  /** @type {Promise<End>} */
  const ended = new Promise((resolve) => {
    /** @param {End} result */
    const finish = (result) => {
      end = result;
      release();
      tell();
      resolve(result);
    };
    child.once("error", (error) => finish({ code: null, signal: null, error }));
    child.once("close", (code, signal) => finish({ code, signal }));
  });
  /** @type {Program} */
  const running = {
    child,
    output: () => text,
    ended: () => ended,
    printed: (pattern, limit = READY_LIMIT) =>
      waitFor(() => pattern.exec(text), {
        limit,
        watchers,
        giveUp: () => end && `${name} ended (${end.error?.message ?? end.signal ?? `exit code ${end.code}`})`,
        explain: () => `${name} printed nothing like ${pattern}, but:\n${text}`,
      }),
    async stop() {
      signalGroup(child.pid, "SIGTERM");
      const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), 2000);
      await ended;
      clearTimeout(timer);
    },
  };
  try {
    if (ready) await running.printed(ready);
    if (port) await untilOpen(port, () => end && `${name} ended:\n${text}`);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

/**
 * @returns {Promise<number>} A TCP port on 127.0.0.1 that nobody listens on.
 */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const port = portOf(server);
      server.close(() => resolve(port));
    });
  });
}

/**
 * The port that a server listens on.
 *
 * @param {{address(): unknown}} server
 */
export function portOf(server) {
  return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
}

/** @param {number} port @param {() => string | undefined} giveUp */
async function untilOpen(port, giveUp) {
  const deadline = Date.now() + READY_LIMIT;
  while (!(await opens(port))) {
    const reason = giveUp();
    if (reason || Date.now() > deadline) throw new Error(reason || `nobody opens port ${port}`);
    await sleep(50);
  }
}

/** @param {number} port @returns {Promise<boolean>} */
function opens(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/**
 * Resolves with what `probe` finds, looking again whenever a watcher is called.
 *
 * @template T
 * @param {() => T | null} probe
 * @param {object} options
 * @param {number} options.limit In ms.
 * @param {Set<() => void>} options.watchers
 * @param {() => string | undefined} options.giveUp Why there is no use in waiting.
 * @param {() => string} options.explain What to say when it takes too long.
 * @returns {Promise<T>}
 */
function waitFor(probe, { limit, watchers, giveUp, explain }) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(() => reject(new Error(explain()))), limit);
    /** @param {() => void} settle */
    const finish = (settle) => {
      clearTimeout(timer);
      watchers.delete(look);
      settle();
    };
    const look = () => {
      const found = probe();
      const reason = found ? undefined : giveUp();
      if (found) finish(() => resolve(found));
      else if (reason) finish(() => reject(new Error(`${reason}; ${explain()}`)));
    };
    watchers.add(look);
    look();
  });
}
