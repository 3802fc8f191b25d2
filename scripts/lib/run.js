/** Runs other programs: output to a log, a time limit, and nothing left behind. */

import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, createWriteStream, mkdirSync } from "node:fs";
import { constants as systemConstants } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** How a program that did not do its work ended. */
export class CommandFailed extends Error {
  /**
   * @param {string} command
   * @param {string} how For example "exit code 1".
   * @param {string} output What it printed.
   * @param {string} [log] Where all of it was written.
   */
  constructor(command, how, output, log) {
    super(`${command}: ${how}`);
    this.name = "CommandFailed";
    this.tail = output.trimEnd().split("\n").slice(-TAIL_LINES);
    this.log = log;
  }
}

const TAIL_LINES = 40;
/** @type {Set<number>} process groups that are running */
const groups = new Set();

process.on("exit", () => groups.forEach((pid) => signalGroup(pid, "SIGKILL")));
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.once(signal, () => process.exit(exitCode(null, signal)));
}

/**
 * Runs a program to its end.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env] Added to this process' environment; an undefined value
 *   takes a variable away.
 * @param {number} [options.timeout] Seconds after which it is killed; none by default.
 * @param {number} [options.quietLimit] Seconds without a word from it after which it is killed;
 *   none by default.
 * @param {string} [options.log] A file that its output is added to.
 * @param {(line: string) => void} [options.onLine] Told every line that it prints, as it prints it.
 * @returns {Promise<{code: number, output: string}>} Its exit code (128 + n for a signal) and what
 *   it printed on both streams.
 * @throws {CommandFailed} when it cannot be started or takes too long.
 */
export function run(program, args, options = {}) {
  const { cwd, env, timeout, quietLimit, log, onLine } = options;
  return new Promise((resolve, reject) => {
    const command = [program, ...args].join(" ");
    const sink = log ? openLog(log, command) : undefined;
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // a group of its own, so that its children end with it
    });
    const release = endWithUs(child.pid);
    let output = "";
    let line = "";
    let late = "";
    /** @param {number} limit @param {string} why */
    const killAfter = (limit, why) =>
      setTimeout(() => {
        late = why;
        signalGroup(child.pid, "SIGKILL");
      }, limit * 1000);
    /** @type {NodeJS.Timeout[]} */
    const timers = [];
    if (timeout) timers.push(killAfter(timeout, `no end after ${timeout} s`));
    const silence = quietLimit ? killAfter(quietLimit, `not a word for ${quietLimit} s`) : undefined;
    if (silence) timers.push(silence);
    /** @param {() => void} settle */
    const finish = (settle) => {
      timers.forEach((timer) => clearTimeout(timer));
      signalGroup(child.pid, "SIGKILL");
      release();
      if (onLine && line) onLine(line);
      sink?.end();
      settle();
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        output += text;
        silence?.refresh();
        sink?.write(text);
        if (!onLine) return;
        const lines = (line + text).split("\n");
        line = lines.pop() ?? "";
        lines.forEach(onLine);
      });
    }
    child.on("error", (error) => finish(() => reject(new CommandFailed(command, error.message, output, log))));
    child.on("close", (code, signal) =>
      finish(() => {
        if (late) reject(new CommandFailed(command, late, output, log));
        else resolve({ code: exitCode(code, signal), output });
      }),
    );
  });
}

/**
 * Like `run`, for a program that has to succeed.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 * @returns {Promise<string>} What it printed.
 * @throws {CommandFailed} also when its exit code is not 0.
 */
export async function check(program, args, options) {
  const { code, output } = await run(program, args, options);
  if (code !== 0) throw new CommandFailed([program, ...args].join(" "), `exit code ${code}`, output, options?.log);
  return output;
}

/**
 * Runs a program in this process' place: with its terminal, and until it ends by itself.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<number>} Its exit code.
 */
export function runInForeground(program, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: "inherit" });
    process.removeAllListeners("SIGINT").on("SIGINT", () => {}); // the child gets it too, and decides how to end
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(exitCode(code, signal)));
  });
}

/**
 * What a short program prints, or undefined when it is not there or fails.
 *
 * @param {string} program
 * @param {string[]} args
 * @returns {string | undefined}
 */
export function ask(program, args) {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 20_000 });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * Where a program is found on PATH.
 *
 * @param {string} name
 * @param {string[]} [more] Folders looked into after PATH's.
 * @returns {string | undefined}
 */
export function which(name, more = []) {
  for (const folder of [...(process.env.PATH ?? "").split(delimiter), ...more]) {
    if (!folder) continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/**
 * Makes a process group end, at the latest, when this process ends.
 *
 * @param {number | undefined} pid The group's leader; nothing is done without one.
 * @returns {() => void} To be called when it has ended by itself.
 */
export function endWithUs(pid) {
  if (pid) groups.add(pid);
  return () => void (pid && groups.delete(pid));
}

/**
 * @param {number | undefined} pid A process group's leader.
 * @param {NodeJS.Signals} signal
 */
export function signalGroup(pid, signal) {
  try {
    if (pid) process.kill(-pid, signal);
  } catch {
    // it has ended
  }
}

/** @param {number | null} code @param {NodeJS.Signals | null} signal */
function exitCode(code, signal) {
  return code ?? 128 + (signal ? systemConstants.signals[signal] : 0);
}

/** @param {string} path @param {string} command */
function openLog(path, command) {
  mkdirSync(dirname(path), { recursive: true });
  const sink = createWriteStream(path, { flags: "a" });
  sink.write(`\n$ ${command}\n`);
  return sink;
}
