/** How long the command line and the environment may be. */

import { UsageError } from "./options.js";

/**
 * Bytes that MicroPython's libc gets for the arguments, and again for the environment: for the
 * longest one, and 8 for each text. More would be a trap.
 */
const ROOM = 58_000;
const BYTES_OF_TEXT = 8;

/** Characters of an argument that its error shows. */
const SHOWN = 20;

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @throws {UsageError} It names what is too long.
 */
export function checkRoom(args, env) {
  const room = (/** @type {unknown[]} */ texts) => Math.max(0, ROOM - BYTES_OF_TEXT * texts.length);
  const left = room(args);
  for (const arg of args) check(`the argument ${arg.slice(0, SHOWN)}…`, arg, left);
  const variables = Object.entries(env);
  const leftForVariables = room(variables.flat());
  for (const [name, value] of variables) check(`the environment variable ${name}`, name + value, leftForVariables);
}

/** @param {string} what @param {string} text @param {number} left */
function check(what, text, left) {
  const length = Buffer.byteLength(text);
  if (length > left) throw new UsageError(`${what} has ${length} bytes, and there is room for ${left}`);
}
