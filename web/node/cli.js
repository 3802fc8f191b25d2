#!/usr/bin/env node
/** The command micropython-ssl: runs a MicroPython program with the host's files and network. */

import { createRequire } from "node:module";

import { parseArguments, USAGE, UsageError } from "./options.js";
import { runProgram } from "./runner.js";

const exitCode = await main(process.argv.slice(2));
process.exit(exitCode);

async function main(args) {
  const serving = args[0] === "serve";
  try {
    return await (serving ? serve(args.slice(1)) : runPython(args));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const help = serving ? "micropython-ssl serve --help tells more" : USAGE.split("\n")[0];
    process.stderr.write(`micropython-ssl: ${error.message}\n${help}\n`);
    return 1;
  }
}

async function serve(args) {
  const { runServer } = await import("./serve_command.js");
  return runServer(args);
}

async function runPython(args) {
  const options = parseArguments(args);
  if (options.kind === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options.kind === "version") {
    process.stdout.write(`${versions()}\n`);
    return 0;
  }
  if (options.kind === "stdin" && process.stdin.isTTY) options.kind = "repl";
  return runProgram(options);
}

function versions() {
  const require = createRequire(import.meta.url);
  const own = require("../../package.json");
  return `micropython-ssl ${own.version} on MicroPython ${own.dependencies["@micropython/micropython-webassembly-pyscript"]}`;
}
