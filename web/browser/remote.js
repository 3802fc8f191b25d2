/** Requests to a worker and their answers, and a clear error where the worker cannot be loaded. */

import { messageOf } from "../net/errno.js";

/** A worker could not be started, or ended before it answered. */
export class WorkerError extends Error {
  /** @param {string} message @param {ErrorOptions} [options] */
  constructor(message, options) {
    super(message, options);
    this.name = "WorkerError";
  }
}

/** Why a program that does not stop is the end of MicroPython on the page's own thread. */
export const NEVER_ANEW = "the program did not stop and was ended; MicroPython cannot be started anew on this thread";

/** An error's message, or its meaning where it has no useful message. @param {unknown} error */
export function explanation(error) {
  const message = messageOf(error);
  const blocked = /Content Security Policy|unsafe-eval/i.test(message) && /wasm|WebAssembly/i.test(message);
  return blocked ? `the page's Content-Security-Policy blocks WebAssembly: allow 'wasm-unsafe-eval' (${message})` : message;
}

export class Remote {
  #worker;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
  #pending = new Map();
  #last = 0;
  /** Why the worker does not answer any more. @type {Error | null} */
  #broken = null;

  /**
   * @param {Worker} worker
   * @param {string} what The worker's name in error messages.
   * @param {(message: any) => void} [onMessage] Gets the messages that are not answers.
   */
  constructor(worker, what, onMessage = () => {}) {
    this.#worker = worker;
    worker.onmessage = ({ data }) => {
      if (data.id === undefined) return onMessage(data);
      const pending = this.#pending.get(data.id);
      this.#pending.delete(data.id);
      if (data.error) pending?.reject(Object.assign(new WorkerError(data.error.message), { code: data.error.code }));
      else pending?.resolve(data.value);
    };
    worker.onerror = (event) => {
      event.preventDefault?.();
      const why = event.message ? `stopped: ${event.message}` : "could not be loaded: its script is missing, has a wrong MIME type, or is blocked by the page's Content-Security-Policy";
      this.fail(new WorkerError(`${what} ${why}`));
    };
  }

  /**
   * Sends a request; resolves with its answer.
   *
   * @param {object} message
   * @param {Transferable[]} [transfer]
   * @returns {Promise<any>}
   */
  request(message, transfer = []) {
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      const id = ++this.#last;
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...message, id }, transfer);
    });
  }

  /**
   * Sends a message that has no answer. @param {object} message @param {Transferable[]} [transfer]
   */
  post(message, transfer = []) {
    if (!this.#broken) this.#worker.postMessage(message, transfer);
  }

  /** Ends the worker. Requests that wait for answers fail. */
  end(error = new WorkerError("terminated")) {
    this.fail(error);
    this.#worker.onmessage = null;
    this.#worker.terminate();
  }

  /** Fails the requests that wait for answers and all later ones. @param {Error} error */
  fail(error) {
    this.#broken ??= error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
