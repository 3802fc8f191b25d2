/**
 * Splits text with ANSI escape sequences into pieces with a style: colours, bold and so on (ECMA-48
 * SGR).
 */

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/**
 * @typedef {object} Piece
 * @property {"text" | "newline" | "return" | "clear-line" | "clear"} kind
 * @property {string} [text]
 * @property {string} [style] CSS, empty for plain text.
 *
 * @typedef {object} Style
 * @property {boolean} [bold]
 * @property {boolean} [faint]
 * @property {boolean} [italic]
 * @property {boolean} [underline]
 * @property {boolean} [inverse]
 * @property {boolean} [strike]
 * @property {string} [front]
 * @property {string} [back]
 */

export class AnsiParser {
  /** @type {Style} */
  #style = {};
  #partial = "";

  /** @param {string} text The next part. @returns {Piece[]} */
  parse(text) {
    /** @type {Piece[]} */
    const pieces = [];
    text = this.#partial + text;
    this.#partial = "";
    let at = 0;
    let start = 0;
    const upTo = (/** @type {number} */ end) => {
      if (end > start) pieces.push({ kind: "text", text: text.slice(start, end), style: this.#css() });
    };
    while (at < text.length) {
      const char = text[at];
      if (char === "\n" || char === "\r") {
        upTo(at);
        if (char === "\n") pieces.push({ kind: "newline" });
        else if (text[at + 1] !== "\n") pieces.push({ kind: "return" });
        start = ++at;
      } else if (char === "\x1b") {
        upTo(at);
        const sequence = /^\x1b(?:\[([0-9;?]*)([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()].|[A-Z=>78c])/.exec(text.slice(at));
        if (!sequence) {
          // The rest of an escape sequence may still come. A longer text is not one.
          if (text.length - at < 64) {
            this.#partial = text.slice(at);
            return pieces;
          }
          start = ++at;
          continue;
        }
        const [, parameters, final] = sequence;
        this.#apply(final, parameters ?? "", pieces);
        at += sequence[0].length;
        start = at;
      } else if (char === "\x07" || char === "\x00") {
        upTo(at);
        start = ++at;
      } else {
        at++;
      }
    }
    upTo(at);
    return pieces;
  }

  /** @param {string} final @param {string} parameters @param {Piece[]} pieces */
  #apply(final, parameters, pieces) {
    if (final === "m") this.#select(parameters.split(";").map(Number));
    else if (final === "K") pieces.push({ kind: "clear-line" });
    else if (final === "J" && (parameters === "2" || parameters === "3")) pieces.push({ kind: "clear" });
  }

  /** @param {number[]} codes @returns {void} */
  #select(codes) {
    const style = this.#style;
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i];
      if (code === 0) this.#style = {};
      else if (code === 1) style.bold = true;
      else if (code === 2) style.faint = true;
      else if (code === 3) style.italic = true;
      else if (code === 4) style.underline = true;
      else if (code === 7) style.inverse = true;
      else if (code === 9) style.strike = true;
      else if (code === 22) style.bold = style.faint = false;
      else if (code === 23) style.italic = false;
      else if (code === 24) style.underline = false;
      else if (code === 27) style.inverse = false;
      else if (code === 29) style.strike = false;
      else if (code === 39) style.front = undefined;
      else if (code === 49) style.back = undefined;
      else if (code >= 30 && code <= 37) style.front = named(code - 30);
      else if (code >= 40 && code <= 47) style.back = named(code - 40);
      else if (code >= 90 && code <= 97) style.front = named(code - 90);
      else if (code >= 100 && code <= 107) style.back = named(code - 100);
      else if (code === 38 || code === 48) {
        const colour = codes[i + 1] === 5 ? indexed(codes[i + 2]) : codes[i + 1] === 2 ? rgb(codes.slice(i + 2, i + 5)) : undefined;
        i += codes[i + 1] === 2 ? 4 : 2;
        if (code === 38) style.front = colour;
        else style.back = colour;
      }
      if (code === 0) return this.#select(codes.slice(i + 1));
    }
  }

  #css() {
    const { bold, faint, italic, underline, strike, inverse } = this.#style;
    let { front, back } = this.#style;
    if (inverse) [front, back] = [back ?? "var(--panel)", front ?? "var(--text)"];
    const decoration = [underline && "underline", strike && "line-through"].filter(Boolean).join(" ");
    return [
      front && `color:${front}`, back && `background:${back}`, bold && "font-weight:700", faint && "opacity:.65", italic && "font-style:italic",
      decoration && `text-decoration:${decoration}`,
    ].filter(Boolean).join(";");
  }
}

/** @param {number} index */
function named(index) {
  return `var(--ansi-${COLOURS[index]})`;
}

function indexed(index = 0) {
  if (index < 16) return named(index % 8);
  if (index >= 232) return rgb([8 + (index - 232) * 10, 8 + (index - 232) * 10, 8 + (index - 232) * 10]);
  const level = (/** @type {number} */ n) => (n === 0 ? 0 : 55 + n * 40);
  const cube = index - 16;
  return rgb([level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)]);
}

/** @param {number[]} parts */
function rgb(parts) {
  return `rgb(${parts.map((part) => Math.max(0, Math.min(255, Math.trunc(Number(part)) || 0))).join(" ")})`;
}
