/** Errors of sockets: the channel has Linux's numbers, wasi:sockets has names. */

import * as errno from "../net/errno.js";
import { IoError } from "./streams.js";

const CODES = new Map([
  [errno.EACCES, "access-denied"],
  [errno.EPERM, "access-denied"],
  [errno.EOPNOTSUPP, "not-supported"],
  [errno.ENOPROTOOPT, "not-supported"],
  [errno.EAFNOSUPPORT, "not-supported"],
  [errno.EINVAL, "invalid-argument"],
  [errno.EDESTADDRREQ, "invalid-argument"],
  [errno.ENOMEM, "out-of-memory"],
  [errno.ETIMEDOUT, "timeout"],
  [errno.EALREADY, "concurrency-conflict"],
  [errno.EINPROGRESS, "would-block"],
  [errno.EAGAIN, "would-block"],
  [errno.EISCONN, "invalid-state"],
  [errno.ENOTCONN, "invalid-state"],
  [errno.EBADF, "invalid-state"],
  [errno.EMFILE, "new-socket-limit"],
  [errno.EADDRNOTAVAIL, "address-not-bindable"],
  [errno.EADDRINUSE, "address-in-use"],
  [errno.EHOSTUNREACH, "remote-unreachable"],
  [errno.ENETUNREACH, "remote-unreachable"],
  [errno.ECONNREFUSED, "connection-refused"],
  [errno.ECONNRESET, "connection-reset"],
  [errno.EPIPE, "connection-reset"],
  [errno.ECONNABORTED, "connection-aborted"],
  [errno.EMSGSIZE, "datagram-too-large"],
]);

/** The texts of stream errors, as in the C library. */
const WORDS = new Map([
  [errno.EPIPE, "Broken pipe"],
  [errno.ETIMEDOUT, "Connection timed out"],
  [errno.ECONNABORTED, "Connection aborted"],
  [errno.ECONNRESET, "Connection reset by peer"],
  [errno.EHOSTUNREACH, "Host unreachable"],
  [errno.ENETUNREACH, "Network unreachable"],
]);

/** An error of a socket, as the error of a stream. */
export class SocketError extends IoError {
  /** @param {number} number An errno. */
  constructor(number) {
    super(WORDS.get(number) ?? `error ${number}`);
    this.code = codeOf(number);
  }
}

/**
 * The last error's number, where wasi:sockets' code does not identify it: the code belongs to
 * another number, or there is no code.
 */
let unidentified = 0;
/** The errnos that their code identifies. */
const IDENTIFIED = new Set([...new Map([...CODES].reverse().map(([number, code]) => [code, number])).values()]);

/**
 * For the interface `host` of wit/interpreter.wit: the number of the last error, where its code
 * does not identify it; else 0.
 */
export function errorNumber() {
  return unidentified;
}

/**
 * Errors of relays and of targets that are not allowed. Their number alone explains too little.
 */
const EXPLAINED = new Set([errno.EACCES, errno.EPROTO, errno.ENETDOWN, errno.ENETUNREACH]);
let explained = { number: 0, text: "" };

/**
 * For the interface `host` of wit/interpreter.wit: the text of the last error, if it has this
 * number and the number explains too little.
 */
export function errorText(/** @type {number} */ number) {
  return explained.number === number && EXPLAINED.has(number) ? explained.text : "";
}

/** wasi:sockets' name of an errno. @param {number} number @param {string} [text] */
export function codeOf(number, text = "") {
  explained = { number, text };
  unidentified = IDENTIFIED.has(number) ? 0 : number;
  return CODES.get(number) ?? "unknown";
}

/**
 * Returns a result of the channel. Throws the name of wasi:sockets if the result is an error.
 *
 * @param {number} result
 * @param {{failure: string}} [socket] The socket of the result.
 */
export function checked(result, socket) {
  if (result < 0) throw codeOf(-result, socket?.failure);
  return result;
}
