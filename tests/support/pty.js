/** Programs on a terminal, and somebody who types. */

import { spawn } from "node:child_process";
import { which } from "../../scripts/lib/run.js";

/** Why there is no terminal to be had here; false where there is one. */
export const noTerminal = which("python3") ? false : "needs python3, which gives programs a terminal";

const SPAWN = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
const LIMIT = 20_000; // ms without what is waited for

/**
 * Starts a program on a terminal of its own, which is killed when the test ends.
 *
 * @param {import("node:test").TestContext} t
 * @param {string[]} command
 * @param {{env?: NodeJS.ProcessEnv, cwd?: string}} [options]
 */
export function terminal(t, command, { env, cwd } = {}) {
  const child = spawn("python3", ["-c", SPAWN, ...command], { cwd, env: { ...process.env, TERM: "xterm", ...env } });
  t.after(() => child.kill());
  let text = "";
  let seen = 0;
  let look = () => {};
  child.stdout.setEncoding("utf8").on("data", (more) => {
    text += more;
    look();
  });
  /** @type {Promise<number | null>} */
  const ended = new Promise((resolve) => child.on("close", resolve));
  /** @template T @param {Promise<T>} promise @param {string} what */
  const within = (promise, what) => {
    /** @type {NodeJS.Timeout} */
    let timer;
    /** @type {Promise<never>} */
    const limit = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${what} does not come: ${JSON.stringify(text.slice(seen))}`)), LIMIT);
    });
    return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
  };
  return {
    /** Types keys. @param {string} keys */
    type: (keys) => child.stdin.write(keys),

    /**
     * Waits for the terminal to show this, after what was waited for before; resolves to what it
     * showed until then.
     *
     * @param {string} what
     */
    shows(what) {
      /** @type {Promise<string>} */
      const found = new Promise((resolve) => {
        look = () => {
          const at = text.indexOf(what, seen);
          if (at < 0) return;
          const before = text.slice(seen, at);
          seen = at + what.length;
          look = () => {};
          resolve(before);
        };
        look();
      });
      return within(found, JSON.stringify(what));
    },

    /** Resolves to the exit code. */
    ended: () => within(ended, "the end"),
  };
}
