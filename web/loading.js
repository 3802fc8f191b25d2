/** Errors of parts that cannot be loaded. */

import { messageOf } from "./net/errno.js";

/**
 * Loads a part. An error names the part, its address, and why it could not be loaded.
 *
 * @template T
 * @param {string} what The part's name in the message.
 * @param {unknown} source Its address, or the value that was given instead of one.
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
