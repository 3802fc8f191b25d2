/** Error numbers: Linux's, because those are MicroPython's on every port. */

export const EPERM = 1;
const ENOENT = 2;
export const EINTR = 4;
export const EIO = 5;
export const EBADF = 9;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
const EISDIR = 21;
export const EINVAL = 22;
export const EMFILE = 24;
export const EPIPE = 32;
export const EDEADLK = 35;
export const EPROTO = 71;
export const EDESTADDRREQ = 89;
export const EMSGSIZE = 90;
export const ENOPROTOOPT = 92;
export const EOPNOTSUPP = 95;
export const EAFNOSUPPORT = 97;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETDOWN = 100;
export const ENETUNREACH = 101;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const EISCONN = 106;
export const ENOTCONN = 107;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EHOSTUNREACH = 113;
export const EALREADY = 114;
export const EINPROGRESS = 115;

/**
 * Numbers of all the names that the network and the host's files report to programs.
 *
 * @type {Record<string, number>}
 */
const NUMBERS = {
  EPERM, ENOENT, EINTR, EIO, ENXIO: 6, EBADF, EAGAIN, ENOMEM, EACCES, EBUSY: 16, EEXIST: 17, EXDEV: 18, ENODEV: 19,
  ENOTDIR: 20, EISDIR, EINVAL, ENFILE: 23, EMFILE, ENOTTY: 25, ETXTBSY: 26, EFBIG: 27, ENOSPC: 28, ESPIPE: 29,
  EROFS: 30, EMLINK: 31, EPIPE, ERANGE: 34, EDEADLK, ENAMETOOLONG: 36, ENOSYS: 38, ENOTEMPTY: 39, ELOOP: 40, EPROTO,
  ENOTSOCK: 88, EDESTADDRREQ, EMSGSIZE, EPROTOTYPE: 91, ENOPROTOOPT, EPROTONOSUPPORT: 93, EOPNOTSUPP, ENOTSUP: 95,
  EAFNOSUPPORT, EADDRINUSE, EADDRNOTAVAIL, ENETDOWN, ENETUNREACH, ENETRESET: 102, ECONNABORTED, ECONNRESET,
  ENOBUFS: 105, EISCONN, ENOTCONN, ETIMEDOUT, ECONNREFUSED, EHOSTDOWN: 112, EHOSTUNREACH, EALREADY, EINPROGRESS,
};

/**
 * Linux's number for an error of the host, found by the error's name. The host's own number may
 * differ.
 *
 * @param {unknown} error
 * @param {number} [otherwise] The number for an error without a known name; EIO by default.
 * @returns {number}
 */
export function errnoOf(error, otherwise = EIO) {
  return NUMBERS[codeOf(error) ?? ""] ?? otherwise;
}

/**
 * The name of an error of the host.
 *
 * @param {unknown} error
 * @returns {string | undefined}
 */
export function codeOf(error) {
  const code = /** @type {{code?: unknown} | null | undefined} */ (error)?.code;
  return typeof code === "string" ? code : undefined;
}

/**
 * An error with its stack, for a bug report.
 *
 * @param {unknown} error
 */
export function stackOf(error) {
  const { name, message, stack } = /** @type {Partial<Error>} */ (error ?? {});
  if (!stack) return messageOf(error);
  return stack.includes(String(message)) ? stack : `${name}: ${message}\n${stack}`; // WebKit's has no message
}

/**
 * The message of an error.
 *
 * @param {unknown} error
 */
export function messageOf(error) {
  return String(/** @type {{message?: unknown} | null | undefined} */ (error)?.message ?? error);
}

/**
 * The text that a program gets with an error's number: the messages of transports, and of targets
 * that are not allowed. The host's own messages are left out: they repeat the number, and a board
 * has none.
 *
 * @param {unknown} error
 * @returns {string} Empty for an error of the host.
 */
export function wordsOf(error) {
  const { name } = /** @type {{name?: unknown}} */ (error ?? {});
  return name === "TransportError" ? messageOf(error) : "";
}
