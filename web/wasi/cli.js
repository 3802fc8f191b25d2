/** wasi:cli: arguments, environment, standard streams, exit. */

import { after } from "./poll.js";
import { InputStream, OutputStream, streamFailure } from "./streams.js";

/** @import { Waiting } from "./poll.js" */

/** Thrown through a component that calls exit(). */
export class Exit extends Error {
  /** @param {number} code */
  constructor(code) {
    super(`the program ended itself, with exit code ${code}`);
    this.code = code;
  }
}

/**
 * @param {object} process
 * @param {string[]} process.args The program's name, and its arguments.
 * @param {Record<string, string>} process.env
 * @param {string} [process.cwd]
 * @param {() => InputStream} process.stdin Called when the program opens standard input.
 * @param {(bytes: Uint8Array) => void} process.stdout Writes all bytes. They are overwritten after
 *   the call.
 * @param {(bytes: Uint8Array) => void} process.stderr
 * @param {boolean[]} [process.terminals] Whether standard input, output and error are terminals.
 * @param {import("./poll.js").Waiting} waiting
 */
export function cliInterfaces({ args, env, cwd, stdin, stdout, stderr, terminals = [] }, waiting) {
  class TerminalInput {}
  class TerminalOutput {}
  /** @param {number} index @param {new () => object} Terminal */
  const terminal = (index, Terminal) => (terminals[index] ? new Terminal() : undefined);
  /** @param {(bytes: Uint8Array) => any} write */
  const output = (write) => () => new ProcessOutput(write, waiting);
  return {
    "wasi:cli/environment": { getArguments: () => args, getEnvironment: () => Object.entries(env), initialCwd: () => cwd },
    "wasi:cli/exit": { exit: (/** @type {{tag: "ok" | "err"}} */ { tag }) => end(tag === "ok" ? 0 : 1), exitWithCode: end },
    "wasi:cli/stdin": { getStdin: stdin, InputStream },
    "wasi:cli/stdout": { getStdout: output(stdout), OutputStream },
    "wasi:cli/stderr": { getStderr: output(stderr), OutputStream },
    "wasi:cli/terminal-input": { TerminalInput },
    "wasi:cli/terminal-output": { TerminalOutput },
    "wasi:cli/terminal-stdin": { getTerminalStdin: () => terminal(0, TerminalInput), TerminalInput },
    "wasi:cli/terminal-stdout": { getTerminalStdout: () => terminal(1, TerminalOutput), TerminalOutput },
    "wasi:cli/terminal-stderr": { getTerminalStderr: () => terminal(2, TerminalOutput), TerminalOutput },
  };
}

/** @param {number} code */
function end(code) {
  throw new Exit(code);
}

/** The most bytes that one write takes. */
const ROOM = 65536n;

class ProcessOutput extends OutputStream {
  #write;
  #waiting;

  /** @param {(bytes: Uint8Array) => any} write @param {Waiting} waiting */
  constructor(write, waiting) {
    super();
    this.#write = write;
    this.#waiting = waiting;
  }

  checkWrite() {
    return ROOM;
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    return after(this.#write(bytes), () => {});
  }

  flush() {}

  blockingFlush() {}

  subscribe() {
    return this.#waiting.pollable(() => true);
  }
}

/** An input that is at its end. */
export class NoInput extends InputStream {
  #waiting;

  /** @param {Waiting} waiting */
  constructor(waiting) {
    super();
    this.#waiting = waiting;
  }

  /** @returns {Uint8Array} */
  read() {
    throw streamFailure();
  }

  subscribe() {
    return this.#waiting.pollable(() => true);
  }
}
