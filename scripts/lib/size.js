/** How large files are, and what a browser downloads. */

import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

/**
 * @typedef {object} Size Bytes.
 * @property {number} raw
 * @property {number} brotli Compressed at the highest quality.
 *
 * @param {...string} paths
 * @returns {Size} The files' sizes together, each compressed by itself.
 */
export function measure(...paths) {
  return measureBytes(...paths.map((path) => readFileSync(path)));
}

/**
 * The same of files in memory.
 *
 * @param {...Uint8Array} files
 * @returns {Size}
 */
export function measureBytes(...files) {
  const total = { raw: 0, brotli: 0 };
  for (const bytes of files) {
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

/** @param {number} bytes */
function kilobytes(bytes) {
  return Math.round(bytes / 1000);
}
