/** Files as WASI's streams, and their errors as WASI names them. */

import { InputStream, IoError, OutputStream } from "./streams.js";

/** The most that one call reads: whoever wants more calls again. */
const LARGEST_READ = 256 * 1024;

/** Errno names as wasi:filesystem's error codes. */
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
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Does something with files; what fails is thrown as WASI names it. */
export function attempt(operation) {
  try {
    return operation();
  } catch (error) {
    throw error.payload === undefined ? Object.assign(new Error(error.message, { cause: error }), { payload: codeOf(error) }) : error;
  }
}

function codeOf(error) {
  if (error instanceof RangeError) return "insufficient-memory";
  return CODES[error.code] ?? "io";
}

/** What a file has from a position on. */
export class FileInput extends InputStream {
  #file;
  #position;

  constructor(file, position) {
    super();
    this.#file = file;
    this.#position = position;
  }

  read(length) {
    if (length === 0n) return new Uint8Array(0);
    const bytes = streaming(() => this.#file.read(Math.min(Number(length), LARGEST_READ), this.#position));
    if (bytes.length === 0) throw streamError({ tag: "closed" });
    this.#position += bytes.length;
    return bytes;
  }

  blockingRead(length) {
    return this.read(length);
  }
}

/** Writes to a file from a position on; to its end where that is null. */
export class FileOutput extends OutputStream {
  #file;
  #position;

  constructor(file, position) {
    super();
    this.#file = file;
    this.#position = position;
  }

  checkWrite() {
    return BigInt(LARGEST_READ);
  }

  write(bytes) {
    streaming(() => {
      for (let at = 0; at < bytes.length; ) {
        const rest = at === 0 ? bytes : bytes.subarray(at);
        const count = this.#position === null ? this.#file.append(rest) : this.#file.write(rest, this.#position);
        if (this.#position !== null) this.#position += count;
        at += count;
      }
    });
  }

  blockingWriteAndFlush(bytes) {
    this.write(bytes);
  }

  flush() {}

  blockingFlush() {}
}

function streaming(operation) {
  try {
    return operation();
  } catch (error) {
    throw streamError({ tag: "last-operation-failed", val: new FileError(codeOf(error)) });
  }
}

function streamError(payload) {
  return Object.assign(new Error(payload.tag), { payload });
}
