/** Wraps comments that are wider than 100 columns, for `npm run wrap` and the lints. */

/**
 * @typedef {object} Comment
 * @property {string[]} texts Its lines, without what marks them.
 * @property {number} end The line behind it.
 * @property {number} width Columns that a text may have.
 * @property {(wrapped: string[]) => string[]} write Its lines with other texts.
 */

const WIDTH = 100;
/** A span of code, or a type in braces, that is kept in one line. */
const UNBROKEN = 72;

/** What begins a comment, by the file's extension. @type {Record<string, RegExp>} */
const LINE = {
  rs: /^(\s*)(\/\/[/!]?)( .*|)$/,
  wit: /^(\s*)(\/\/\/?)( .*|)$/,
  c: /^(\s*)(\/\/)( .*|)$/,
  js: /^(\s*)(\/\/)( .*|)$/,
  py: /^(\s*)(#)( .*|)$/,
};
/** @type {Record<string, string>} */
const SAME = { h: "c", mjs: "js", ts: "js", toml: "py" };
const HAS_BLOCKS = ["c", "js"];

/** The extensions of files whose comments can be wrapped. */
export const EXTENSIONS = [...Object.keys(LINE), ...Object.keys(SAME)];

/**
 * Wraps the comments that stand on lines of their own. Comments behind code stay as they are.
 *
 * @param {string} source
 * @param {string} extension One of `EXTENSIONS`.
 * @returns {string} The same source where no comment is too wide.
 */
export function wrapComments(source, extension) {
  const language = SAME[extension] ?? extension;
  const lines = source.split("\n");
  /** @type {string[]} */
  const wrapped = [];
  for (let at = 0; at < lines.length; ) {
    const comment = lineComment(lines, at, LINE[language]) ?? (HAS_BLOCKS.includes(language) ? blockComment(lines, at) : undefined);
    const before = lines.slice(at, comment?.end ?? at + 1);
    const isToBeWrapped = comment && before.some(isWide) && !comment.texts.every(isAsItIs);
    wrapped.push(...(isToBeWrapped ? comment.write(wrapTexts(comment.texts, comment.width)) : before));
    at += before.length;
  }
  return wrapped.join("\n");
}

/** @param {string} line */
const isWide = (line) => line.length > WIDTH;

/**
 * Lines that begin alike with a marker of comments.
 *
 * @param {string[]} lines
 * @param {number} at
 * @param {RegExp} pattern
 * @returns {Comment | undefined}
 */
function lineComment(lines, at, pattern) {
  const [, indent, marker] = pattern.exec(lines[at]) ?? [];
  if (marker === undefined) return undefined;
  const texts = [];
  for (let match; (match = pattern.exec(lines[at + texts.length] ?? "")) && match[1] === indent && match[2] === marker; ) {
    texts.push(match[3].slice(1));
  }
  const begin = `${indent}${marker}`;
  /** @param {string[]} wrapped */
  const write = (wrapped) => wrapped.map((text) => (text ? `${begin} ${text}` : begin));
  return { texts, end: at + texts.length, width: WIDTH - begin.length - 1, write };
}

/**
 * A comment that has whole lines, and a star at the beginning of each.
 *
 * @param {string[]} lines
 * @param {number} at
 * @returns {Comment | undefined}
 */
function blockComment(lines, at) {
  const [, indent, open, first] = /^(\s*)(\/\*\*?)( .*|)$/.exec(lines[at]) ?? [];
  if (open === undefined) return undefined;
  const end = lines.findIndex((line, index) => index >= at && line.includes("*/")) + 1;
  const inner = lines.slice(at + 1, end);
  if (end === 0 || !lines[end - 1].endsWith("*/") || !inner.every((line) => /^\s*\*/.test(line))) return undefined;
  const texts = [first, ...inner.map((line) => line.replace(/^\s*\*(?!\/)/, ""))].map((text) => text.replace(/\s*\*\/$/, "").replace(/^ /, ""));
  while (texts.at(-1) === "") texts.pop();
  if (texts[0] === "") texts.shift();
  /** @param {string[]} wrapped */
  const write = (wrapped) => [`${indent}${open}`, ...wrapped.map((text) => `${indent} *${text && ` ${text}`}`), `${indent} */`];
  return { texts, end, width: WIDTH - indent.length - 3, write };
}

/**
 * Wraps the paragraphs that are too wide: not tables, drawings and code.
 *
 * @param {string[]} texts
 * @param {number} width
 */
function wrapTexts(texts, width) {
  /** @type {string[]} */
  const wrapped = [];
  let isCode = false;
  for (let at = 0; at < texts.length; ) {
    if (/^\s*```/.test(texts[at])) isCode = !isCode;
    let end = at + 1;
    if (!isCode && !isAsItIs(texts[at])) while (end < texts.length && continues(texts[end])) end++;
    const paragraph = texts.slice(at, end);
    const isTooWide = !isCode && !isAsItIs(texts[at]) && paragraph.some((text) => text.length > width);
    wrapped.push(...(isTooWide ? fill(paragraph, width) : paragraph));
    at = end;
  }
  return wrapped;
}

const ITEM = /^\s*(?:[-*+]|\d+[.)])\s+/;
/** @param {string} text */
const isAsItIs = (text) => text.trim() === "" || /^\s*(\||#|```|@import\b)|[─│┌┐└┘├┤▶◀▲▼]|^ {4,}|\S {2,}\S/.test(text);
/** @param {string} text */
const continues = (text) => !isAsItIs(text) && !ITEM.test(text) && !/^\s*@\w/.test(text);

/** @param {string[]} paragraph @param {number} width */
function fill(paragraph, width) {
  const [item] = ITEM.exec(paragraph[0]) ?? [];
  const lead = item ?? indentOf(paragraph[0]);
  const hanging = item ? " ".repeat(item.length) : lead + (/^\s*@\w/.test(paragraph[0]) ? "  " : "");
  const indent = paragraph.length > 1 ? indentOf(paragraph[1]) : hanging;
  const lines = [];
  let line = lead;
  let isEmpty = true;
  for (const word of words(paragraph.map((text) => text.trim()).join(" ").slice(item ? item.trim().length : 0))) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** @param {string} text */
const indentOf = (text) => text.slice(0, text.length - text.trimStart().length);

/**
 * The words of a text. What must not be broken is one word: a span of code, a type. So is what must
 * not begin a line, with the word before it: the mark of a list, a tag.
 *
 * @param {string} text
 */
function words(text) {
  /** @type {string[]} */
  const found = [];
  for (const word of text.trim().split(/\s+/)) {
    const last = found.at(-1);
    const isOpen = last !== undefined && last.length < UNBROKEN && (last.split("`").length % 2 === 0 || (last.startsWith("{") && !balanced(last)));
    if (last !== undefined && (isOpen || /^([-*+#|>@]|\d+[.)]$)/.test(word))) found[found.length - 1] = `${last} ${word}`;
    else found.push(word);
  }
  return found;
}

/** @param {string} text */
const balanced = (text) => text.split("{").length === text.split("}").length;
