/**
 * Standard input in the interpreter's thread: a connection of the network channel that is only
 * read, opened when the program first reads.
 */

import { linuxError, WASI_EINTR } from "./filesystem.js";
import { POLL_RD, POLL_WR } from "./net/base.js";
import { EINTR, ENOMEM } from "./net/errno.js";

/**
 * @import { EmscriptenFS } from "./filesystem.js"
 * @import { Network } from "./net/network.js"
 */

/**
 * Replaces what is behind descriptor 0.
 *
 * @param {EmscriptenFS} FS MicroPython's file system.
 * @param {Network} network
 * @returns {() => void} To be called after each run: the next one opens it anew.
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
