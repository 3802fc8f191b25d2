/** Standard output and error of MicroPython: unbuffered and binary, on the host's file descriptors. */

import fs from "node:fs";

import { linuxError } from "../filesystem.js";
import { EIO, EPIPE } from "../net/errno.js";

/**
 * Replaces the character devices behind descriptors 1 and 2.
 *
 * @param {object} FS MicroPython's file system.
 * @param {import("../net/network.js").Network} network Checked for interrupts.
 * @param {() => void} broken Called when nobody reads the output any more; does not return.
 */
export function connectOutput(FS, network, broken) {
  for (const descriptor of [1, 2]) {
    FS.getStream(descriptor).stream_ops = {
      write(stream, buffer, offset, length) {
        network.check();
        const error = writeAll(descriptor, new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length));
        if (error === EPIPE) broken();
        if (error) throw linuxError(FS, error);
        return length;
      },
      close() {},
    };
  }
}

/**
 * Writes to a descriptor of the host, waiting where it is not ready.
 *
 * @returns {number} 0 or an errno.
 */
export function writeAll(descriptor, bytes) {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += fs.writeSync(descriptor, bytes, at);
    } catch (error) {
      if (error.code === "EAGAIN") Atomics.wait(pauseWord, 0, 0, 1);
      else return error.code === "EPIPE" || error.code === "ECONNRESET" ? EPIPE : EIO;
    }
  }
  return 0;
}

const pauseWord = new Int32Array(new SharedArrayBuffer(4));
