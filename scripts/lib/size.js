/** How large files are, and what a browser downloads. */

import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

/**
 * @param {...string} paths
 * @returns {{raw: number, brotli: number}} The files' sizes together, as they are and each compressed, in bytes.
 */
export function measure(...paths) {
  const total = { raw: 0, brotli: 0 };
  for (const path of paths) {
    const bytes = readFileSync(path);
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    total.raw += bytes.length;
    total.brotli += brotliCompressSync(bytes, { params }).length;
  }
  return total;
}

/**
 * @param {string} path
 * @returns {string} Its sizes in words.
 */
export function sizes(path) {
  const { raw, brotli } = measure(path);
  return `${kilobytes(raw)} KB (${kilobytes(brotli)} KB brotli)`;
}

function kilobytes(bytes) {
  return Math.round(bytes / 1000);
}
