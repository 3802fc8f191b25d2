/**
 * Standard input on the interpreter's thread. It is a read-only connection of the network channel,
 * opened at the program's first read.
 */

import { linuxError, WASI_EINTR } from "./filesystem.js";
import { POLL_RD, POLL_WR } from "./net/base.js";
import { EINTR, ENOMEM } from "./net/errno.js";

/**
 * @import { EmscriptenFS } from "./filesystem.js"
 * @import { Network } from "./net/network.js"
 */

/**
 * Replaces the file behind descriptor 0.
 *
 * @param {EmscriptenFS} FS MicroPython's file system.
 * @param {Network} network
 * @returns {() => void} Call it after each run: the next run opens its own standard input.
 */
export function connectInput(FS, network) {
  /** @type {ReturnType<Network["openInput"]>} */
  let input = null;
  const opened = () => {
    input ??= network.openInput();
    if (input === null) throw linuxError(FS, ENOMEM);
    return input;
  };
  FS.getStream(0).stream_ops = {
    read(stream, buffer, offset, length) {
      const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      const count = opened().recvInto(bytes, offset, length);
      if (count < 0) throw linuxError(FS, count === -EINTR ? WASI_EINTR : -count);
      return count;
    },
    poll: () => POLL_WR | (opened().poll(POLL_RD) & POLL_RD),
    close() {},
  };
  return () => {
    input = null;
  };
}
