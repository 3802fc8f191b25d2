/** Takes out of a component what only debuggers and curious people read. */

import { readSections, unsigned } from "./wasm-binary.js";

const CUSTOM = 0;
/** Sections of a component that hold a module or a component. */
const NESTED = new Set([1, 4]);

/**
 * @param {Uint8Array} binary A component or a module.
 * @returns {Buffer} The same without custom sections, such as names, also in what is nested.
 */
export function withoutCustomSections(binary) {
  const isComponent = binary[6] === 1; // the preamble's layer
  const sections = readSections(binary).filter(({ id }) => id !== CUSTOM).map(({ id, bytes }) => {
    const contents = isComponent && NESTED.has(id) ? withoutCustomSections(bytes) : bytes;
    return Buffer.concat([Buffer.from([id, ...unsigned(contents.length)]), contents]);
  });
  return Buffer.concat([binary.subarray(0, 8), ...sections]);
}
