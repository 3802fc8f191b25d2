/**
 * The outcome of opening a socket. On a channel whose calls cannot wait, it is known only later.
 */

import { checked } from "./socket_errors.js";

export class Opening {
  /** 0, -errno, or null while the outcome is unknown. @type {number | null} */
  #result = 0;
  #socket;

  /**
   * @param {import("../net/base.js").BaseSocket} socket The socket whose bind() or listen() was
   *   called.
   */
  constructor(socket) {
    this.#socket = socket;
    if (!socket.opening) return;
    this.#result = null;
    socket.opening.then((result) => (this.#result = result));
  }

  get isOver() {
    return this.#result !== null;
  }

  /** Throws the error's name, or "would-block". */
  finish() {
    if (this.#result === null) throw "would-block";
    checked(this.#result, this.#socket);
  }
}
