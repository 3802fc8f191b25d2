/** MicroPython on the page's own thread, reached as one in a worker is; for programs that are suspended while they wait. */

import { serveInterpreter } from "./interpreter_thread.js";

export class PageThread {
  onmessage = null;
  onerror = null;
  #receive = serveInterpreter((message) => queueMicrotask(() => this.onmessage?.({ data: message })));

  postMessage(message) {
    queueMicrotask(() => this.#receive(message));
  }

  /** What is suspended stays so. */
  terminate() {
    this.#receive({ op: "abandon" });
  }
}
