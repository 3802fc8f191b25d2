/** The command line of `micropython-ssl serve`. */

import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { jsonLine, parseTokens, signToken, textLine } from "../../relay/node.js";
import { RELAY_PATH } from "../../relay/relay.js";
import { codeOf, messageOf } from "../net/errno.js";
import { UsageError } from "./options.js";
import { policyOf } from "./page_policy.js";
import { serve } from "./serve.js";

/**
 * @import { ParseArgsOptionsConfig } from "node:util"
 * @import { Entry } from "../../relay/log.js"
 *
 * @typedef {Exclude<ReturnType<typeof parseServeArguments>, {help: true} | {newToken: object}>}
 *   ServeOptions
 * @typedef {ReturnType<typeof parse>["values"]} Values
 */

const PLAYGROUND = fileURLToPath(new URL("../../dist/playground", import.meta.url));
const DEFAULT_PORT = 8000;
const DEFAULT_DRAIN = 10; // seconds
const MIB = 1024 * 1024;

const SERVE_USAGE = `usage: micropython-ssl serve [<dir>] [--allow <host:port>]... [<opts>]
Serves a folder, the playground unless told, to browsers so that its pages can block, and a Wisp relay at ${RELAY_PATH}
for them. The relay moves bytes and can read none that are encrypted; it connects only where --allow says.

Options:
  --allow <host:port>   a target of the relay: example.com:443, *.example.com:443, *:8883, 192.168.1.0/24:*, localhost:8000-8999;
                        private addresses only by an address or a range within their network, or the name localhost
  --host <address>      listen there (default 127.0.0.1, this machine only)
  --port <n>            (default ${DEFAULT_PORT}, or a free one where that is taken)
  --origin <origin>     pages of https://other.example may use the relay too; * for all
  --relay-only          no files, only the relay
  --no-isolation        without the headers that SharedArrayBuffer, and so blocking calls, need
  --udp                 the relay carries UDP too, as DTLS needs

Limits of the relay:
  --clients <n>               pages at a time (default 64)
  --clients-per-address <n>   of one address (default 16)
  --connections <n>           of one page at a time (default 64)
  --clients-per-minute <n>    that one address may open (default 120)
  --connects-per-minute <n>   connections that one address, or one token, may ask for (default 600)
  --memory <MiB>              that may wait in the relay (default 256)

For operators:
  --tokens <file>       clients need a token; a line "name secret" for each holder
  --new-token <name:hours>  print a token of this holder that expires, and end
  --trust-proxy <address>   or range: believe its X-Forwarded-For
  --metrics             answer at /metrics, for Prometheus
  --drain <seconds>     that connections may last when the server is told to stop (default ${DEFAULT_DRAIN})
  --log <form>          text, json or none (default text)
  --quiet               the same as --log none

The package itself is at /micropython-ssl/ for pages of the folder, as web/, dist/ and micropython/. /health says whether the relay
takes clients.
`;

const text = /** @type {const} */ ({ type: "string" });
const list = /** @type {const} */ ({ type: "string", multiple: true });
const flag = /** @type {const} */ ({ type: "boolean" });

/** @satisfies {ParseArgsOptionsConfig} */
const OPTIONS = {
  allow: list, origin: list, "trust-proxy": list,
  host: { ...text, default: "127.0.0.1" }, port: text,
  "relay-only": flag, "no-isolation": flag, udp: flag, metrics: flag, quiet: flag, help: { ...flag, short: "h" },
  clients: text, "clients-per-address": text, connections: text, "clients-per-minute": text, "connects-per-minute": text, memory: text,
  tokens: text, "new-token": text, drain: text, log: text,
};

/** The limits by their option of the command line. */
const LIMITS = /** @type {const} */ ({
  clients: "clients",
  "clients-per-address": "clientsPerAddress",
  connections: "connections",
  "clients-per-minute": "clientsPerMinute",
  "connects-per-minute": "connectsPerMinute",
});
const LINES = { json: jsonLine, text: textLine, none: null };

/**
 * Runs the server until a signal stops it.
 *
 * @param {string[]} args The arguments after "serve".
 * @returns {Promise<number>} The exit code.
 */
export async function runServer(args) {
  const options = parseServeArguments(args);
  if (options.help) process.stdout.write(SERVE_USAGE);
  else if (options.newToken) process.stdout.write(`${await signToken(options.newToken)}\n`);
  else await run(options);
  return 0;
}

/**
 * @param {string[]} args
 * @throws {UsageError}
 */
export function parseServeArguments(args) {
  const { values, positionals } = parse(args);
  if (values.help) return { help: /** @type {const} */ (true) };
  if (positionals.length > 1) throw new UsageError(`one folder only: ${positionals.join(" or ")}`);
  if (values["relay-only"] && positionals.length > 0) throw new UsageError(`--relay-only shows no files, so ${positionals[0]} has no use`);
  if (values["new-token"] !== undefined && values.tokens === undefined) throw new UsageError("--new-token needs --tokens, the file with the holder's secret");
  const tokens = values.tokens === undefined ? {} : readTokens(values.tokens);
  if (values["new-token"] !== undefined) return { newToken: tokenToSign(values["new-token"], tokens) };
  const log = values.quiet ? "none" : (values.log ?? "text");
  if (!isLog(log)) throw new UsageError(`--log ${log}: expected text, json or none`);
  return {
    allow: (values.allow ?? []).flatMap((targets) => targets.split(",")),
    origins: values.origin ?? [],
    trustedProxies: values["trust-proxy"] ?? [],
    host: hostOf(values.host),
    port: values.port === undefined ? undefined : number("port", values.port, 0, 65535),
    isolate: !values["no-isolation"],
    udp: values.udp ?? false,
    metrics: values.metrics ?? false,
    tokens,
    limits: limitsOf(values),
    drain: values.drain === undefined ? DEFAULT_DRAIN : number("drain", values.drain, 0, 86_400),
    log,
    folder: values["relay-only"] ? null : folderOf(positionals[0]),
  };
}

/** @param {ServeOptions} options */
async function run({ drain, ...options }) {
  outliveLog();
  const server = await start(options);
  const told = new Promise((stop) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => stop(signal));
  });
  const { folder, allow, tokens, log } = options;
  if (log !== "json") {
    if (folder !== null) process.stdout.write(`Serving ${folder} at ${server.url}\n`);
    const address = server.url.replace(/^http/, "ws").replace(/\/$/, RELAY_PATH);
    const token = Object.keys(tokens).length > 0 ? "<token>/" : "";
    process.stdout.write(`Relay at ${address}${token} ${describeTargets(allow)}\n`);
  } else process.stdout.write(`${jsonLine({ event: "started", url: server.url, allow })}\n`);
  // Only SIGTERM waits for connections. Ctrl-C at a terminal ends at once.
  if ((await told) === "SIGTERM") {
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
    await server.drain(drain);
  } else await server.close();
}

/** Keeps the server running where nobody reads its log any more, or the disk is full. */
function outliveLog() {
  let told = false;
  process.stdout.on("error", (error) => {
    if (!told) process.stderr.write(`micropython-ssl: the log cannot be written: ${codeOf(error)}\n`);
    told = true;
  });
  process.stderr.on("error", () => {});
}

/** @param {Omit<ServeOptions, "drain">} options */
async function start({ folder, port, log, ...options }) {
  const line = LINES[log];
  const write = line ? (/** @type {Entry} */ entry) => void process.stdout.write(`${line(entry)}\n`) : undefined;
  /** @type {Parameters<typeof serve>[0]} */
  const all = { ...options, ...(folder === PLAYGROUND && ofPlayground(options.allow)), log: write, mounts: folder === null ? [] : [...packageMounts(), ["/", folder]] };
  try {
    return await serve({ ...all, port: port ?? DEFAULT_PORT });
  } catch (error) {
    const code = codeOf(error);
    if (code === "EADDRINUSE" && port === undefined) return serve({ ...all, port: 0 });
    if (error instanceof RangeError) throw new UsageError(error.message);
    if (code) throw new UsageError(`cannot listen on ${options.host} port ${port ?? DEFAULT_PORT}: ${code}`);
    throw error;
  }
}

/**
 * Options for serving the playground. Its page shows when the relay allows no target. Its policy is
 * sent as a header too, because browsers do not apply a meta element's policy to the page's
 * workers.
 *
 * @param {string[]} allows
 */
function ofPlayground(allows) {
  const read = (/** @type {string} */ name) => readFileSync(join(PLAYGROUND, name), "utf8");
  return { files: { "/config.json": JSON.stringify({ ...JSON.parse(read("config.json")), allows }) }, policy: policyOf(read("index.html")) };
}

/**
 * The package's own files and MicroPython's, for pages that import them from this server. @returns
 * {[string, string][]}
 */
function packageMounts() {
  const own = fileURLToPath(new URL("../..", import.meta.url));
  const micropython = createRequire(import.meta.url).resolve("@micropython/micropython-webassembly-pyscript/micropython.mjs");
  return [
    ["/micropython-ssl/web/", resolve(own, "web")],
    ["/micropython-ssl/dist/", resolve(own, "dist")],
    ["/micropython-ssl/micropython/", dirname(micropython)],
  ];
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    if (!codeOf(error)?.startsWith("ERR_PARSE_ARGS")) throw error;
    const message = messageOf(error);
    // Node takes a value that begins with a dash for an option.
    const [, option] = /^Option '(?:-\w, )?(--[\w-]+).*' argument (?:missing|is ambiguous)/.exec(message) ?? [];
    throw new UsageError(option ? `${option} needs a value` : message.split(". ")[0].replace(/^./, (first) => first.toLowerCase()));
  }
}

/** @param {Values} values */
function limitsOf(values) {
  /** @type {Partial<import("../../relay/limits.js").Limits>} */
  const limits = {};
  for (const option of /** @type {(keyof typeof LIMITS)[]} */ (Object.keys(LIMITS))) {
    const value = values[option];
    if (value !== undefined) limits[LIMITS[option]] = number(option, value, 1, 1_000_000);
  }
  if (values.memory !== undefined) limits.memory = number("memory", values.memory, 1, 1_000_000) * MIB;
  return limits;
}

/** @param {string} host */
function hostOf(host) {
  if (host === "") throw new UsageError("--host is empty, which would be every address of the machine; 0.0.0.0 and :: mean that");
  return host;
}

/** @param {string | undefined} folder */
function folderOf(folder) {
  const path = folder === undefined ? PLAYGROUND : resolve(folder);
  if (folder !== "" && isFolder(path)) return path;
  throw new UsageError(folder === undefined ? "the playground is not built; name a folder to serve" : `"${folder}" is not a folder`);
}

/** @param {string} path */
function isFolder(path) {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** @param {string} file */
function readTokens(file) {
  let tokens;
  try {
    tokens = parseTokens(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(error instanceof RangeError ? `${file}: ${error.message}` : `cannot read ${file}: ${codeOf(error)}`);
  }
  if (Object.keys(tokens).length === 0) throw new UsageError(`${file} names no holder of a token; without --tokens anybody may use the relay`);
  return tokens;
}

/** @param {string} value @param {Record<string, string>} tokens */
function tokenToSign(value, tokens) {
  const [, holder, hours] = /^([\w-]+):(\d+(?:\.\d+)?)$/.exec(value) ?? [];
  if (holder === undefined || Number(hours) === 0) throw new UsageError(`--new-token ${value}: expected name:hours`);
  if (!Object.hasOwn(tokens, holder)) throw new UsageError(`--new-token ${value}: the file of --tokens does not name ${holder}`);
  return { holder, secret: tokens[holder], expires: Date.now() + Number(hours) * 3_600_000 };
}

/** @param {string[]} allow */
function describeTargets(allow) {
  return allow.length > 0 ? `to ${allow.join(", ")}` : "to nothing: name its targets with --allow host:port";
}

/** @param {string} log @returns {log is keyof typeof LINES} */
function isLog(log) {
  return Object.hasOwn(LINES, log);
}

/** @param {string} name @param {string} value @param {number} lowest @param {number} highest */
function number(name, value, lowest, highest) {
  const n = Number(value);
  if (!/^\d+$/.test(value) || n < lowest || n > highest) throw new UsageError(`--${name} ${value}: expected ${lowest} to ${highest}`);
  return n;
}
