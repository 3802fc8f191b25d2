/** Parses the command line as MicroPython's unix port does. */

import { Targets } from "../../relay/targets.js";
import { messageOf } from "../net/errno.js";

/** Bytes that a heap may have. */
const SMALLEST_HEAP = 64 * 1024;
const LARGEST_HEAP = 1024 * 1024 * 1024;

export const USAGE = `usage: micropython-ssl [<opts>] [-X <implopt>] [-c <command> | -m <module> | <filename>] [<args>]
MicroPython with socket, tls, ssl and asyncio streams on the host's network.
Without a program it is read from standard input; a terminal gets an interactive prompt.
micropython-ssl serve [<dir>] serves pages and a relay for them; see micropython-ssl serve --help.

Options:
  -c <command>     run a program given as a string
  -m <module>      run a module found on the module path
  -h, --help       print this
  --version        print the versions
  -i               go on at the prompt when the program has ended
  -v -O[N]         as in MicroPython's unix port
  -X compile-only  compile only
  -X emit=bytecode the only code emitter there is
  -X tls=1.2, -X tls=1.3  speak this version of TLS only
  -X ciphers=<name>[,<name>...]  cipher suites for programs that set none
  -X verify=required  clients of ssl verify their peers unless the program says otherwise
  -X heapsize=<n>[w][K|M]  bytes of the heap (default 32M)
  --allow <host:port>  all that the program may reach on the network, and listen at; may be repeated.
                   As in *.example.com:443, 10.0.0.0/8:*, localhost:8000-8999
  --deny-net       the program reaches nothing

Environment: MICROPYPATH, folders to search for modules (default ".frozen").
`;

/** The command line is wrong; the message says why. */
export class UsageError extends Error {}

/**
 * @typedef {object} Options
 * @property {"run" | "help" | "version"} kind
 * @property {string[]} args MicroPython's.
 * @property {"1.2" | "1.3" | null} tls
 * @property {string[] | null} ciphers
 * @property {"required" | null} verify
 * @property {Targets | null} allow The targets that the program may reach; null for all.
 *
 * @typedef {Omit<Options, "args" | "allow"> & {heapsize: number | null}} Settings
 */

/**
 * @param {string[]} args Without the program's own name.
 * @returns {Options}
 */
export function parseArguments(args) {
  /** @type {Settings} */
  const options = { kind: "run", heapsize: null, tls: null, ciphers: null, verify: null };
  /** @type {string[]} */
  const flags = [];
  /** @type {string[]} */
  const allowed = [];
  let denied = false;
  const program = (/** @type {number} */ from) => ({ ...options, allow: targets(allowed, denied), args: [...heap(options), ...flags, ...args.slice(from)] });
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (/^(-[cmX]|--allow)$/.test(arg) && i + 1 === args.length) throw new UsageError(`${arg} needs a value`);
    if (arg === "-h" || arg === "--help") return { ...program(i), kind: "help" };
    if (arg === "--version") return { ...program(i), kind: "version" };
    if (arg === "--deny-net") denied = true;
    else if (arg === "--allow") allowed.push(args[++i]);
    else if (arg.startsWith("--allow=")) allowed.push(arg.slice("--allow=".length));
    else if (arg === "-X") flags.push(...implementationOption(options, args[++i]));
    else if (/^-(i|v+|O\d?)$/.test(arg)) flags.push(arg);
    else if (arg === "-" && i + 1 < args.length) throw new UsageError("a program on standard input gets no arguments");
    else if (arg === "-") continue;
    else if (arg.startsWith("-") && arg !== "-c" && arg !== "-m") throw new UsageError(`unknown option ${arg}`);
    else return program(i);
  }
  return program(args.length);
}

/**
 * Takes an option of this package, or returns the text for MicroPython. @param {Settings}
 * options @param {string} text
 */
function implementationOption(options, text) {
  if (text === "compile-only" || text === "emit=bytecode") return ["-X", text];
  if (text === "realtime") return [];
  if (text === "tls=1.2") options.tls = "1.2";
  else if (text === "tls=1.3") options.tls = "1.3";
  else if (text.startsWith("ciphers=")) options.ciphers = text.slice("ciphers=".length).split(",");
  else if (text === "verify=required") options.verify = "required";
  else if (text.startsWith("heapsize=")) options.heapsize = heapSize(text.slice("heapsize=".length));
  else if (text.startsWith("emit=")) throw new UsageError(`-X ${text}: this build of MicroPython has no such emitter`);
  else throw new UsageError(`unknown option -X ${text}`);
  return [];
}

/** @param {string[]} patterns @param {boolean} denied */
function targets(patterns, denied) {
  if (denied && patterns.length > 0) throw new UsageError("--deny-net and --allow contradict each other");
  try {
    return denied || patterns.length > 0 ? new Targets(patterns) : null;
  } catch (error) {
    throw new UsageError(`--allow: ${messageOf(error)}`);
  }
}

/** @param {Settings} settings */
function heap({ heapsize }) {
  return heapsize === null ? [] : ["-X", `heapsize=${heapsize}`];
}

/** @param {string} text */
function heapSize(text) {
  const [, count, words, unit] = /^(\d+)(w?)([kKmM]?)$/.exec(text) ?? [];
  if (count === undefined) throw new UsageError(`-X heapsize=${text}: not a size`);
  const factor = /k/i.test(unit) ? 1024 : /m/i.test(unit) ? 1024 * 1024 : 1;
  const size = Number(count) * (words ? 4 : 1) * factor;
  if (size > LARGEST_HEAP) throw new UsageError(`-X heapsize=${text}: at most ${LARGEST_HEAP >> 20}M`);
  return Math.max(size, SMALLEST_HEAP);
}
