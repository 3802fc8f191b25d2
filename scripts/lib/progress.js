/** Says what is being done and for how long: one line a step. */

import { relative } from "node:path";
import { codeOf, messageOf } from "../../web/net/errno.js";
import { CommandFailed } from "./run.js";
import { ROOT } from "./paths.js";

const started = Date.now();
const HEARTBEAT = 20_000; // ms between signs of life where lines cannot be rewritten

/** A problem that the user can do something about; printed without a stack trace. */
export class Problem extends Error {
  /** @param {string} message What is wrong and what to do. */
  constructor(message) {
    super(message);
    this.name = "Problem";
  }
}

/**
 * Does one step and shows it.
 *
 * @template T
 * @param {string} title
 * @param {(progress: {note: (text: string) => void, result: (text: string) => void}) =>
 *   Promise<T> | T} work `note` shows what it is at, `result` what came out of it.
 * @returns {Promise<T>} What `work` returns.
 */
export async function step(title, work) {
  const begin = Date.now();
  const tty = process.stdout.isTTY;
  let note = "";
  let result = "";
  const line = () => `${clock()}  ${title}${note && ` – ${note}`}`;
  const show = () => void process.stdout.write(`\r\x1b[K${line().slice(0, (process.stdout.columns || 80) - 1)}`);
  if (tty) show();
  else console.log(`${clock()}  ${title} …`);
  const timer = setInterval(() => (tty ? show() : console.log(line())), tty ? 250 : HEARTBEAT);
  try {
    return await work({
      note(text) {
        note = text.trim();
      },
      result(text) {
        result = text;
      },
    });
  } catch (error) {
    result = "failed";
    throw error;
  } finally {
    clearInterval(timer);
    say(`${clock()}  ${title}: ${result || "done"} (${seconds(Date.now() - begin)})`);
  }
}

/** Prints a line, in the place of the one that a step shows. @param {string} text */
export function say(text) {
  if (process.stdout.isTTY) process.stdout.write("\r\x1b[K");
  console.log(text);
}

/**
 * Runs a script's main function; what it throws is shown in a way that helps, and the exit code
 * is 1.
 *
 * @param {() => number | void | Promise<number | void>} main Its number is the exit code.
 */
export async function runMain(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    process.exitCode = 1;
    if (error instanceof CommandFailed) {
      if (error.tail.length) console.error(error.tail.map((line) => `    ${line}`).join("\n"));
      console.error(`\n${error.message}`);
      if (error.log) console.error(`The whole log: ${relative(process.cwd(), error.log) || error.log}`);
    } else if (error instanceof Problem || isOfCommandLine(error)) console.error(`\n${messageOf(error)}`);
    else console.error(error);
  }
}

/** Whether parseArgs() of node:util takes no such command line. @param {unknown} error */
function isOfCommandLine(error) {
  return Boolean(codeOf(error)?.startsWith("ERR_PARSE_ARGS"));
}

/** @param {number} ms */
export function seconds(ms) {
  return ms < 59_950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** @param {string} path Shown as seen from the checkout. */
export function shortPath(path) {
  const short = relative(ROOT, path);
  return short.startsWith("..") ? path : short;
}

function clock() {
  return `[${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s]`;
}
