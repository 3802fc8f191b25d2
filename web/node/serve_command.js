/** The command line of `micropython-ssl serve`. */

import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { rootCertificates } from "node:tls";
import { fileURLToPath } from "node:url";
import { UsageError } from "./options.js";
import { RELAY_PATH, serve } from "./serve.js";

const DEFAULT_PORT = 8000;

export const SERVE_USAGE = `usage: micropython-ssl serve [<dir>] [--allow <host:port>]... [<opts>]
Serves a folder, the playground unless told, to browsers so that its pages can block, and a Wisp relay at ${RELAY_PATH}
for them. The relay moves bytes and can read none that are encrypted; it connects only where --allow says.

Options:
  --allow <host:port>   a target of the relay: example.com:443, *.example.com:443, *:8883, 192.168.1.0/24:*, localhost:8000-8999;
                        names never lead to private addresses, localhost excepted
  --host <address>      listen there (default 127.0.0.1, this machine only)
  --port <n>            (default ${DEFAULT_PORT}, or a free one where that is taken)
  --origin <origin>     pages of https://other.example may use the relay too; * for all
  --connections <n>     of one page at a time (default 64)
  --clients <n>         pages at a time (default 64)
  --no-isolation        without the headers that SharedArrayBuffer, and so blocking calls, need
  --quiet               no line for each connection

The package itself is at /micropython-ssl/ for pages of the folder, as web/, dist/, micropython/ and roots.pem.
`;

/**
 * Runs the server until it is told to stop.
 *
 * @param {string[]} args What follows "serve".
 * @returns {Promise<number>} The exit code.
 */
export async function runServer(args) {
  const options = parseServeArguments(args);
  if (options.help) {
    process.stdout.write(SERVE_USAGE);
    return 0;
  }
  const server = await start(options);
  process.stdout.write(`Serving ${options.folder} at ${server.url}\n`);
  process.stdout.write(`Relay at ${server.url.replace(/^http/, "ws").replace(/\/$/, RELAY_PATH)} ${describeTargets(options.allow)}\n`);
  await new Promise((stop) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, stop);
  });
  await server.close();
  return 0;
}

/**
 * @param {string[]} args
 * @throws {UsageError}
 */
export function parseServeArguments(args) {
  const options = { folder: undefined, allow: [], origins: [], host: "127.0.0.1", port: undefined, isolate: true, limits: {}, quiet: false };
  const rest = [...args];
  while (rest.length > 0) {
    const [name, joined] = split(rest.shift());
    const value = () => {
      const text = joined ?? rest.shift();
      if (text === undefined) throw new UsageError(`${name} needs a value`);
      return text;
    };
    switch (name) {
      case "-h":
      case "--help":
        return { ...options, help: true };
      case "--allow":
        options.allow.push(...value().split(","));
        break;
      case "--origin":
        options.origins.push(value());
        break;
      case "--host":
        options.host = value();
        break;
      case "--port":
        options.port = number(name, value(), 0, 65535);
        break;
      case "--connections":
      case "--clients":
        options.limits[name.slice(2)] = number(name, value(), 1, 100_000);
        break;
      case "--no-isolation":
        options.isolate = false;
        break;
      case "--quiet":
        options.quiet = true;
        break;
      default:
        if (name.startsWith("-")) throw new UsageError(`unknown option ${name}`);
        if (options.folder !== undefined) throw new UsageError(`one folder only: ${options.folder} or ${name}`);
        options.folder = name;
    }
  }
  options.folder = folderOf(options.folder);
  return options;
}

async function start({ folder, port, quiet, ...options }) {
  const log = quiet ? undefined : (line) => process.stdout.write(`${new Date().toTimeString().slice(0, 8)} ${line}\n`);
  const files = { "/micropython-ssl/roots.pem": rootCertificates.join("\n") };
  const all = { ...options, log, files, mounts: [...packageMounts(), ["/", folder]] };
  try {
    return await serve({ ...all, port: port ?? DEFAULT_PORT });
  } catch (error) {
    if (error.code === "EADDRINUSE" && port === undefined) return serve({ ...all, port: 0 });
    if (error instanceof RangeError) throw new UsageError(error.message);
    if (error.code) throw new UsageError(`cannot listen on ${options.host} port ${port ?? DEFAULT_PORT}: ${error.code}`);
    throw error;
  }
}

/** The package's own files and MicroPython's, for pages that import them from this server. */
function packageMounts() {
  const own = fileURLToPath(new URL("../..", import.meta.url));
  const micropython = createRequire(import.meta.url).resolve("@micropython/micropython-webassembly-pyscript/micropython.mjs");
  return [
    ["/micropython-ssl/web/", resolve(own, "web")],
    ["/micropython-ssl/dist/", resolve(own, "dist")],
    ["/micropython-ssl/micropython/", dirname(micropython)],
  ];
}

function folderOf(folder) {
  const path = folder === undefined ? fileURLToPath(new URL("../../dist/playground", import.meta.url)) : resolve(folder);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw new UsageError(folder === undefined ? "the playground is not built; name a folder to serve" : `${folder} is not a folder`);
}

function describeTargets(allow) {
  return allow.length > 0 ? `to ${allow.join(", ")}` : "to nothing: name its targets with --allow host:port";
}

function split(arg) {
  const match = /^(--[a-z-]+)=(.*)$/s.exec(arg);
  return match ? [match[1], match[2]] : [arg, undefined];
}

function number(name, text, lowest, highest) {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < lowest || value > highest) throw new UsageError(`${name} ${text}: expected ${lowest} to ${highest}`);
  return value;
}
