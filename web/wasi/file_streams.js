/** Files as WASI's streams, and errors of files with WASI's names. */

import { InputStream, IoError, OutputStream } from "./streams.js";

/** @import { File } from "./filesystem.js" */

/** The most bytes that one call reads. A program that needs more calls again. */
const LARGEST_READ = 256 * 1024;

/** Errno names as wasi:filesystem's error codes. */
/** @type {Record<string, string>} */
const CODES = {
  EACCES: "access", EAGAIN: "would-block", EALREADY: "already", EBADF: "bad-descriptor", EBUSY: "busy", EDEADLK: "deadlock",
  EDQUOT: "quota", EEXIST: "exist", EFBIG: "file-too-large", EILSEQ: "illegal-byte-sequence", EINPROGRESS: "in-progress",
  EINTR: "interrupted", EINVAL: "invalid", EIO: "io", EISDIR: "is-directory", ELOOP: "loop", EMLINK: "too-many-links",
  EMSGSIZE: "message-size", ENAMETOOLONG: "name-too-long", ENODEV: "no-device", ENOENT: "no-entry", ENOLCK: "no-lock",
  ENOMEM: "insufficient-memory", ENOSPC: "insufficient-space", ENOTDIR: "not-directory", ENOTEMPTY: "not-empty",
  ENOTRECOVERABLE: "not-recoverable", ENOTSUP: "unsupported", EOPNOTSUPP: "unsupported", ENOSYS: "unsupported", ENOTTY: "no-tty",
  ENXIO: "no-such-device", EOVERFLOW: "overflow", EPERM: "not-permitted", EPIPE: "pipe", EROFS: "read-only", ESPIPE: "invalid-seek",
  ETXTBSY: "text-file-busy", EXDEV: "cross-device",
};

/** Why a stream over a file failed. */
export class FileError extends IoError {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/**
 * Runs an operation on files. Its error is thrown with WASI's name.
 *
 * @template T
 * @param {() => T} operation
 */
export function attempt(operation) {
  try {
    return operation();
  } catch (caught) {
    const error = /** @type {Error & {payload?: unknown}} */ (caught);
    throw error.payload === undefined ? Object.assign(new Error(error.message, { cause: error }), { payload: codeOf(error) }) : error;
  }
}

/** @param {any} error */
function codeOf(error) {
  if (error instanceof RangeError) return "insufficient-memory";
  return CODES[error.code] ?? "io";
}

/** Reads a file from a position on. */
export class FileInput extends InputStream {
  #file;
  #position;

  /** @param {File} file @param {number} position */
  constructor(file, position) {
    super();
    this.#file = file;
    this.#position = position;
  }

  /** @param {bigint} length */
  read(length) {
    if (length === 0n) return new Uint8Array(0);
    const bytes = streaming(() => this.#file.read(Math.min(Number(length), LARGEST_READ), this.#position));
    if (bytes.length === 0) throw streamError({ tag: "closed" });
    this.#position += bytes.length;
    return bytes;
  }

  /** @param {bigint} length */
  blockingRead(length) {
    return this.read(length);
  }
}

/** Writes to a file from a position on. Appends where the position is null. */
export class FileOutput extends OutputStream {
  #file;
  #position;

  /** @param {File} file @param {number | null} position */
  constructor(file, position) {
    super();
    this.#file = file;
    this.#position = position;
  }

  checkWrite() {
    return BigInt(LARGEST_READ);
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    streaming(() => {
      for (let at = 0; at < bytes.length; ) {
        const rest = at === 0 ? bytes : bytes.subarray(at);
        const position = this.#position;
        const count = position === null ? this.#file.append(rest) : this.#file.write(rest, position);
        if (position !== null) this.#position = position + count;
        at += count;
      }
    });
  }

  /** @param {Uint8Array} bytes */
  blockingWriteAndFlush(bytes) {
    this.write(bytes);
  }

  flush() {}

  blockingFlush() {}
}

/**
 * @template T
 * @param {() => T} operation
 */
function streaming(operation) {
  try {
    return operation();
  } catch (error) {
    throw streamError({ tag: "last-operation-failed", val: new FileError(codeOf(error)) });
  }
}

/** @param {{tag: string, val?: unknown}} payload */
function streamError(payload) {
  return Object.assign(new Error(payload.tag), { payload });
}
