/** The command line, read as MicroPython's unix port reads it. */

/** Bytes of the heap that MicroPython starts with; it grows from there. */
const DEFAULT_HEAP = 32 * 1024 * 1024;
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
  -i -v -O[N]      accepted, without effect
  -X compile-only  compile only
  -X emit=bytecode the only code emitter there is
  -X tls=1.2, -X tls=1.3  speak this version of TLS only
  -X ciphers=<name>[,<name>...]  cipher suites for programs that set none
  -X heapsize=<n>[w][K|M]  bytes of the heap to start with (default 32M; it grows)

Environment: MICROPYPATH, folders to search for modules (default ".frozen").
`;

/** A command line that cannot be followed; the message says why. */
export class UsageError extends Error {}

/**
 * @param {string[]} args Without the program's own name.
 * @returns {{kind: "file" | "code" | "module" | "stdin" | "repl" | "help" | "version", target: string, argv: string[], heapsize: number, compileOnly: boolean, tls: "1.2" | "1.3" | null, ciphers: string[] | null}}
 */
export function parseArguments(args) {
  const options = { kind: "stdin", target: "", argv: [""], heapsize: DEFAULT_HEAP, compileOnly: false, tls: null, ciphers: null };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    const value = () => {
      if (++i >= args.length) throw new UsageError(`${arg} needs a value`);
      return args[i];
    };
    const rest = (first) => [first, ...args.slice(i + 1)];
    if (arg === "-c") return { ...options, kind: "code", target: value(), argv: rest("-c") };
    if (arg === "-m") return { ...options, kind: "module", target: value(), argv: rest(args[i]) };
    if (arg === "-h" || arg === "--help") return { ...options, kind: "help" };
    if (arg === "--version") return { ...options, kind: "version" };
    if (arg === "-X") implementationOption(options, value());
    else if (arg === "-") return { ...options, argv: rest("-") };
    else if (/^-(i|v+|O\d?)$/.test(arg)) continue;
    else if (arg.startsWith("-")) throw new UsageError(`unknown option ${arg}`);
    else return { ...options, kind: "file", target: arg, argv: rest(arg) };
  }
  return options;
}

function implementationOption(options, text) {
  if (text === "compile-only") options.compileOnly = true;
  else if (text === "emit=bytecode" || text === "realtime") return;
  else if (text === "tls=1.2" || text === "tls=1.3") options.tls = text.slice("tls=".length);
  else if (text.startsWith("ciphers=")) options.ciphers = text.slice("ciphers=".length).split(",");
  else if (text.startsWith("heapsize=")) options.heapsize = heapSize(text.slice("heapsize=".length));
  else if (text.startsWith("emit=")) throw new UsageError(`-X ${text}: this build of MicroPython has no such emitter`);
  else throw new UsageError(`unknown option -X ${text}`);
}

function heapSize(text) {
  const match = /^(\d+)(w?)([kKmM]?)$/.exec(text);
  if (!match) throw new UsageError(`-X heapsize=${text}: not a size`);
  const size = Number(match[1]) * (match[2] ? 4 : 1) * { "": 1, k: 1024, m: 1024 * 1024 }[match[3].toLowerCase()];
  if (size > LARGEST_HEAP) throw new UsageError(`-X heapsize=${text}: at most ${LARGEST_HEAP >> 20}M`);
  return Math.max(size, SMALLEST_HEAP);
}
