/** The output panel: what a program prints, drawn a frame at a time, and the line to answer it. */

import { AnsiParser } from "./ansi.js";

const LINES_KEPT = 5000;

export class Terminal {
  #element;
  #parser = new AnsiParser();
  /** @type {{text: string, kind?: "note" | "error"}[]} */
  #queue = [];
  #frame = 0;
  /** @type {HTMLElement | null} */
  #line = null;
  /** Where the next text of the line goes, after a carriage return. */
  #overwrite = false;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
  }

  /** Adds what a program printed. @param {string} text */
  write(text) {
    this.#queue.push({ text });
    this.#drawSoon();
  }

  /** Adds a line of the page's own. @param {string} text @param {"note" | "error"} kind */
  printLine(text, kind = "note") {
    this.#queue.push({ text, kind });
    this.#drawSoon();
  }

  clear() {
    this.#queue = [];
    this.#parser = new AnsiParser();
    this.#element.replaceChildren();
    this.#line = null;
  }

  #drawSoon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.draw();
    });
    // A hidden page draws no frames but goes on printing.
    if (document.hidden && this.#queue.length > 100) this.draw();
  }

  /** Draws the pending output now, without waiting for the next frame. */
  draw() {
    const element = this.#element;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    for (const { text, kind } of this.#queue.splice(0)) {
      if (kind) this.#own(text, kind);
      else for (const piece of this.#parser.parse(text)) this.#add(piece);
    }
    const surplus = element.childElementCount - LINES_KEPT;
    for (let i = 0; i < surplus; i++) element.firstElementChild?.remove();
    if (atEnd) element.scrollTop = element.scrollHeight;
  }

  /** @param {string} text @param {"note" | "error"} kind */
  #own(text, kind) {
    const line = document.createElement("div");
    line.className = kind;
    line.textContent = text;
    if (this.#line && this.#line.textContent === "") this.#line.remove();
    this.#element.append(line);
    this.#line = null;
  }

  /** @param {import("./ansi.js").Piece} piece */
  #add({ kind, text = "", style }) {
    if (kind === "clear") {
      this.#element.replaceChildren();
      this.#line = null;
      return;
    }
    if (!this.#line) {
      this.#line = document.createElement("div");
      this.#element.append(this.#line);
    }
    if (kind === "newline") {
      if (this.#line.textContent === "") this.#line.append(document.createElement("br"));
      this.#line = null;
      this.#overwrite = false;
    } else if (kind === "return") {
      this.#overwrite = true;
    } else if (kind === "clear-line") {
      if (this.#overwrite) this.#line.replaceChildren();
    } else {
      if (this.#overwrite) this.#line.replaceChildren();
      this.#overwrite = false;
      const span = document.createElement("span");
      if (style) span.style.cssText = style;
      span.textContent = text;
      this.#line.append(span);
    }
  }
}
