/** Output: unbuffered and binary, on the host's file descriptors. */

import fs from "node:fs";

import { codeOf } from "../net/errno.js";

/**
 * Writes to a descriptor of the host, waiting where it is not ready.
 *
 * @param {number} descriptor
 * @param {Uint8Array} bytes
 * @returns {string | undefined} The name of the errno where that failed.
 */
export function writeAll(descriptor, bytes) {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += fs.writeSync(descriptor, bytes, at);
    } catch (error) {
      const code = codeOf(error);
      if (code === "EAGAIN") Atomics.wait(pauseWord, 0, 0, 1);
      else return code ?? "EIO";
    }
  }
}

const pauseWord = new Int32Array(new SharedArrayBuffer(4));
