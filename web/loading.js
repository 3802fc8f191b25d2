/** What is said of parts that cannot be loaded. */

import { messageOf } from "./net/errno.js";

/**
 * Loads a part; where that fails, the error says which part it is, where it was looked for, and why
 * it could not be had.
 *
 * @template T
 * @param {string} what The part, for people.
 * @param {unknown} source Its address; anything else is what was given in place of one.
 * @param {() => Promise<T>} load
 * @returns {Promise<T>}
 */
export async function loadingPart(what, source, load) {
  try {
    return await load();
  } catch (error) {
    const message = messageOf(error);
    const from = typeof source === "string" || source instanceof URL ? ` from ${source}` : "";
    const why = /magic word|fell off end|is no WebAssembly/.test(message) ? "what the server gives there is no WebAssembly" : message;
    throw new Error(`${what} cannot be loaded${from}: ${why}`, { cause: error });
  }
}
