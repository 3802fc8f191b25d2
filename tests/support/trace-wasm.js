/**
 * Rewrites a wasm module such that it reports what its timing may depend on: addresses, conditions
 * and divisors.
 *
 * The module has to import nothing and to export `trace_event`, a function that returns its one
 * argument, an i32. Every other function will call it with the operands in question, just before
 * their use: each address of a load or store, where and how much memory.copy and memory.fill write,
 * each condition of an if, br_if, br_table or select, each index of a call_indirect, and each
 * operand of a division.
 */

import { CODE_SECTION, parameterCounts, readSections, rewriteBodies, rewriteSections, sectionReader, unsigned } from "../../scripts/lib/wasm-binary.js";
import { F32, F64, I32, I64, V128, readInstruction } from "../../scripts/lib/wasm-instructions.js";
import { Reader } from "../../web/component/reader.js";

/**
 * @import { Section } from "../../scripts/lib/wasm-binary.js"
 *
 * @typedef {{event: number, parameters: number[]}} Facts
 */

const IMPORT_SECTION = 2;
const EXPORT_SECTION = 7;

const CALL = 0x10;
const DROP = 0x1a;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const UPPER_HALF = [0x42, 32, 0x88]; // i64.const 32, i64.shr_u
const I32_WRAP_I64 = 0xa7;

/**
 * @param {Uint8Array} module
 * @returns {Uint8Array<ArrayBuffer>} The same with reports.
 */
export function traceWasm(module) {
  const sections = readSections(module);
  const facts = readFacts(sections);
  return Uint8Array.from(rewriteSections(module, CODE_SECTION, (bytes) => rewriteCode(bytes, facts)));
}

/**
 * What rewriting a function takes: the index of `trace_event`, and how many parameters each
 * function has.
 *
 * @param {Section[]} sections
 * @returns {Facts}
 */
function readFacts(sections) {
  if (sectionReader(sections, IMPORT_SECTION).unsigned() > 0) throw new Error("the module has imports");
  const exports = sectionReader(sections, EXPORT_SECTION).vector((entries) => ({
    name: new TextDecoder().decode(entries.take(entries.unsigned())),
    kind: entries.byte(),
    index: entries.unsigned(),
  }));
  const event = exports.find(({ name }) => name === "trace_event");
  if (!event) throw new Error("the module does not export trace_event");
  return { event: event.index, parameters: parameterCounts(sections) };
}

/** @param {Uint8Array} bytes @param {Facts} facts */
function rewriteCode(bytes, { event, parameters }) {
  return rewriteBodies(bytes, (body, index) => (index === event ? body : rewriteFunction(new Reader(body), parameters[index], event)));
}

/** @param {Reader} body @param {number} parameters @param {number} event */
function rewriteFunction(body, parameters, event) {
  let count = parameters;
  const groups = body.vector(() => {
    const length = body.unsigned();
    count += length;
    return [...unsigned(length), body.byte()];
  });
  // Locals of our own for the operands of one instruction: no instruction has more of a type.
  /** @type {Record<number, number[]>} */
  const locals = { [I32]: [], [I64]: [], [F32]: [], [F64]: [], [V128]: [] };
  for (const type of [I32, I32, I32, I64, I64, F32, F64, V128]) {
    groups.push([1, type]);
    locals[type].push(count++);
  }
  /** @type {Uint8Array[]} */
  const out = [Buffer.from([...unsigned(groups.length), ...groups.flat()])];
  while (!body.atEnd) {
    const start = body.position;
    const operands = readInstruction(body);
    if (operands) out.push(Buffer.from(report(operands, locals, event)));
    out.push(body.bytes.subarray(start, body.position));
  }
  return Buffer.concat(out);
}

/**
 * Instructions that report operands on top of the stack and leave all of them there. The last
 * operand is the top.
 *
 * @param {NonNullable<ReturnType<typeof readInstruction>>} operands
 * @param {Record<number, number[]>} locals By type.
 * @param {number} event
 */
function report(operands, locals, event) {
  const call = [CALL, ...unsigned(event)];
  if (operands.length === 1 && operands[0].type === I32) return call;
  /** @type {Record<number, number>} */
  const used = {};
  const places = operands.map(({ type }) => unsigned(locals[type][(used[type] = (used[type] ?? 0) + 1) - 1]));
  const save = places.map((place) => [LOCAL_SET, ...place]).reverse();
  const restore = operands.map(({ type, reported }, i) => {
    const get = [LOCAL_GET, ...places[i]];
    if (!reported) return get;
    if (type === I32) return [...get, ...call];
    return [...get, I32_WRAP_I64, ...call, DROP, ...get, ...UPPER_HALF, I32_WRAP_I64, ...call, DROP, ...get];
  });
  return [...save, ...restore].flat();
}
