/**
 * A line of input below a terminal: Enter sends it, and the arrow keys bring back earlier lines.
 */

export class Line {
  #input;
  /** @type {string[]} */
  #sent = [];
  #at = 0;

  /**
   * @param {HTMLFormElement} form
   * @param {(text: string) => void} send Gets each line, with its end.
   */
  constructor(form, send) {
    this.#input = /** @type {HTMLInputElement} */ (form.querySelector("input"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const { value } = this.#input;
      if (value !== "" && value !== this.#sent.at(-1)) this.#sent.push(value);
      this.#at = this.#sent.length;
      this.#input.value = "";
      send(`${value}\n`);
    });
    this.#input.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
      if (step === 0 || event.isComposing) return;
      event.preventDefault();
      this.#at = Math.max(0, Math.min(this.#sent.length, this.#at + step));
      this.#input.value = this.#sent[this.#at] ?? "";
    });
  }

  focus() {
    this.#input.focus();
  }
}
