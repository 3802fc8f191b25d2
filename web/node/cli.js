#!/usr/bin/env node
/** The command micropython-ssl: runs a MicroPython program with the host's files and network. */

import { createRequire } from "node:module";

import { messageOf } from "../net/errno.js";
import { parseArguments, USAGE, UsageError } from "./options.js";
import { runProgram } from "./runner.js";

const exitCode = await main(process.argv.slice(2));
process.exit(exitCode);

/** @param {string[]} args */
async function main(args) {
  const serving = args[0] === "serve";
  try {
    return await (serving ? serve(args.slice(1)) : runPython(args));
  } catch (error) {
    const folderIsGone = Reflect.get(Object(error), "syscall") === "uv_cwd";
    if (!folderIsGone && !(error instanceof UsageError)) throw error;
    const help = serving ? "micropython-ssl serve --help tells more" : USAGE.split("\n")[0];
    process.stderr.write(`micropython-ssl: ${folderIsGone ? "the current folder is gone" : messageOf(error)}\n${help}\n`);
    return 1;
  }
}

/** @param {string[]} args */
async function serve(args) {
  const { runServer } = await import("./serve_command.js");
  return runServer(args);
}

/** @param {string[]} args */
async function runPython(args) {
  const options = parseArguments(args);
  if (options.kind === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options.kind === "version") {
    return runProgram({ ...options, args: ["-c", versionsProgram()] });
  }
  return runProgram(options);
}

/** A program that prints the versions. MicroPython itself supplies its own. */
function versionsProgram() {
  const { version } = createRequire(import.meta.url)("../../package.json");
  return `import sys; print("micropython-ssl ${version} on MicroPython %d.%d.%d" % sys.implementation.version[:3])`;
}
