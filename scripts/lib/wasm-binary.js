/** The encoding of wasm modules. */

import { Reader } from "../../web/component/reader.js";

const TYPE_SECTION = 1;
const FUNCTION_SECTION = 3;
export const CODE_SECTION = 10;

/**
 * @param {number} value
 * @returns {number[]} The bytes of an unsigned LEB128 number.
 */
export function unsigned(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) + 0x80);
  return [...bytes, value];
}

/**
 * @typedef {{id: number, bytes: Uint8Array}} Section
 *
 * @param {Uint8Array} module
 * @returns {Section[]}
 */
export function readSections(module) {
  const reader = new Reader(module.subarray(8));
  const sections = [];
  while (!reader.atEnd) sections.push({ id: reader.byte(), bytes: reader.take(reader.unsigned()) });
  return sections;
}

/**
 * @param {Section[]} sections
 * @param {number} wanted Its id.
 * @returns {Reader} Of the section's contents; of an empty vector if there is no such section.
 */
export function sectionReader(sections, wanted) {
  return new Reader(sections.find(({ id }) => id === wanted)?.bytes ?? Uint8Array.of(0));
}

/**
 * @param {Section[]} sections
 * @returns {number[]} How many parameters each function of the module has; imported ones are not
 *   among them.
 */
export function parameterCounts(sections) {
  const ofType = sectionReader(sections, TYPE_SECTION).vector((types) => {
    if (types.byte() !== 0x60) throw new Error("the module has types other than functions");
    const count = types.vector(() => types.byte()).length;
    types.vector(() => types.byte());
    return count;
  });
  return sectionReader(sections, FUNCTION_SECTION).vector((functions) => ofType[functions.unsigned()]);
}

/**
 * @param {Uint8Array} module
 * @param {number} id Of the section to rewrite.
 * @param {(bytes: Uint8Array) => Uint8Array} rewrite
 * @returns {Uint8Array} The module with that section rewritten.
 */
export function rewriteSections(module, id, rewrite) {
  const sections = readSections(module).map((section) => {
    const contents = section.id === id ? rewrite(section.bytes) : section.bytes;
    return Buffer.concat([Buffer.from([section.id, ...unsigned(contents.length)]), contents]);
  });
  return Buffer.concat([module.subarray(0, 8), ...sections]);
}

/**
 * @param {Uint8Array} code A code section's contents.
 * @param {(body: Uint8Array, index: number) => Uint8Array} rewrite
 * @returns {Uint8Array} The contents with every function's body rewritten.
 */
export function rewriteBodies(code, rewrite) {
  const bodies = new Reader(code).vector((reader, index) => rewrite(reader.take(reader.unsigned()), index));
  const parts = bodies.flatMap((body) => [Buffer.from(unsigned(body.length)), body]);
  return Buffer.concat([Buffer.from(unsigned(bodies.length)), ...parts]);
}
