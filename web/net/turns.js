/**
 * Turns of Python's event loop. JavaScript's event loop calls them soon after an event, or when the
 * next task is due.
 */

/**
 * Calls back after this event, and after a rendering that is due. A timer would wait 4 ms or
 * longer.
 */
const soon = globalThis.setImmediate ?? viaChannel();

export class Turns {
  /** @type {(() => void) | null} */
  #turn = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #called = false;
  #onError;
  #after;

  /**
   * @param {object} callbacks
   * @param {(error: unknown) => void} callbacks.onError Gets the exceptions that no task caught.
   * @param {() => void} [callbacks.after] Called after each turn.
   */
  constructor({ onError, after = () => {} }) {
    this.#onError = onError;
    this.#after = after;
  }

  /** Begins to call `turn`. @param {() => void} turn */
  start(turn) {
    this.#turn = turn;
  }

  /** Never calls again. */
  stop() {
    this.#turn = null;
    clearTimeout(this.#timer);
  }

  /**
   * Sets the next turn in so many milliseconds, in place of the last time that was set; -1: no
   * turn.
   *
   * @param {number} milliseconds
   */
  schedule(milliseconds) {
    clearTimeout(this.#timer);
    if (milliseconds === 0) this.event();
    else if (milliseconds > 0) this.#timer = setTimeout(() => this.#run(), milliseconds);
  }

  /** There was an event: a turn follows soon. */
  event() {
    if (this.#called || !this.#turn) return;
    this.#called = true;
    soon(() => {
      this.#called = false;
      this.#run();
    });
  }

  #run() {
    if (!this.#turn) return;
    try {
      this.#turn();
    } catch (error) {
      this.#onError(error);
    }
    this.#after();
  }
}

function viaChannel() {
  /** @type {(() => void)[]} */
  const waiting = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => waiting.shift()?.();
  return (/** @type {() => void} */ call) => {
    waiting.push(call);
    port2.postMessage(null);
  };
}
