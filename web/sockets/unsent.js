/** The chunks that a WritableStream was given and has not sent yet. */
export class Unsent {
  #given = 0;
  #sent = 0;
  /** @type {{count: number, resolve: () => void} | null} */
  #waiting = null;

  /**
   * The stream's strategy. The stream calls `size` at each write(). Nothing else tells of chunks
   * that wait for others.
   */
  strategy = { size: () => (this.#given++, 1) };

  get any() {
    return this.#sent < this.#given;
  }

  sent() {
    this.#sent++;
    this.#look();
  }

  /** The stream has failed or was closed. It sends nothing any more. */
  over() {
    this.#sent = Infinity;
    this.#look();
  }

  /** Resolves when the chunks that were given until now are sent, or cannot be. */
  flushed() {
    return new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      this.#waiting = { count: this.#given, resolve };
      this.#look();
    });
  }

  #look() {
    if (this.#waiting && this.#sent >= this.#waiting.count) this.#waiting.resolve();
  }
}
