/**
 * Keeps the user's files from one visit to the next, in one entry of local storage with a limit.
 */

import { messageOf } from "../web/net/errno.js";

/** @typedef {string | [base64: string]} Packed A file's content. */

const KEY = "micropython-ssl workspace";
/** The most characters that are kept. Browsers allow a site some five million. */
const LIMIT = 2_000_000;

/**
 * @typedef {object} Kept
 * @property {Map<string, Uint8Array>} files By path.
 * @property {Record<string, string>} original Original texts of files from an example or a link, by
 *   path.
 * @property {string} example The example that was chosen last; empty for none.
 */

/** @returns {Kept | null} Null where nothing is kept. */
export function load() {
  try {
    const { files, original, example } = JSON.parse(localStorage.getItem(KEY) ?? "null");
    return { files: new Map(Object.entries(/** @type {Record<string, Packed>} */ (files)).map(([path, content]) => [path, unpack(content)])), original, example };
  } catch {
    return null;
  }
}

/**
 * Keeps as much as there is room for, small files first.
 *
 * @param {Kept} kept
 * @returns {string} Names the files that are not kept, and why; empty if all are kept.
 */
export function save({ files, original, example }) {
  /** @type {Record<string, Packed>} */
  const packed = {};
  /** @type {string[]} */
  const left = [];
  let room = LIMIT - JSON.stringify(original).length;
  for (const [path, content] of [...files].sort(([, one], [, other]) => one.length - other.length)) {
    const text = content.length > room ? null : pack(content);
    const length = path.length + JSON.stringify(text).length;
    if (text === null || length > room) left.push(path.slice(1));
    else {
      packed[path] = text;
      room -= length;
    }
  }
  try {
    localStorage.setItem(KEY, JSON.stringify({ files: packed, original, example }));
  } catch (error) {
    return `This browser keeps nothing of this page, which is lost when it is closed: ${messageOf(error)}`;
  }
  if (left.length === 0) return "";
  return `Too large to keep, lost when this page is closed: ${left.join(", ")}. There is room for ${LIMIT / 1e6} MB; Files has downloads.`;
}

/**
 * Calls `listener` when another tab has replaced the stored entry.
 *
 * @param {() => void} listener
 */
export function onReplaced(listener) {
  addEventListener("storage", ({ key }) => key === KEY && listener());
}

/**
 * Text as a string, other bytes as an array with their base64. @param {Uint8Array} bytes @returns
 * {Packed}
 */
function pack(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    let binary = "";
    for (const byte of bytes) binary += String.fromCharCode(byte);
    return [btoa(binary)];
  }
}

/** @param {Packed} content */
function unpack(content) {
  if (typeof content === "string") return new TextEncoder().encode(content);
  return Uint8Array.from(atob(content[0]), (char) => char.charCodeAt(0));
}
