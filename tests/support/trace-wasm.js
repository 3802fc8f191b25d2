/**
 * Rewrites a wasm module such that it reports what its timing may depend on: addresses, conditions and divisors.
 *
 * The module has to import nothing and to export `trace_event`, a function that returns its one argument, an i32. Every other
 * function will call it with the operands in question, just before their use: each address of a load or store, where and how
 * much memory.copy and memory.fill write, each condition of an if, br_if, br_table or select, each index of a call_indirect, and
 * each operand of a division.
 */

import { Reader, unsigned } from "./wasm-binary.js";

const TYPE_SECTION = 1;
const IMPORT_SECTION = 2;
const FUNCTION_SECTION = 3;
const EXPORT_SECTION = 7;
const CODE_SECTION = 10;

const I32 = 0x7f;
const I64 = 0x7e;
const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;

const CALL = 0x10;
const DROP = 0x1a;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const UPPER_HALF = [0x42, 32, 0x88]; // i64.const 32, i64.shr_u
const I32_WRAP_I64 = 0xa7;

/** An operand that is reported; the others only have to be moved out of the way. */
const seen = (type) => ({ type, reported: true });
const unseen = (type) => ({ type, reported: false });

/**
 * @param {Uint8Array} module
 * @returns {Uint8Array} The same with reports.
 */
export function traceWasm(module) {
  const sections = readSections(module);
  const facts = readFacts(sections);
  const rewritten = sections.map(({ id, bytes }) => {
    const contents = id === CODE_SECTION ? rewriteCode(bytes, facts) : bytes;
    return Buffer.concat([Buffer.from([id, ...unsigned(contents.length)]), contents]);
  });
  return Buffer.concat([module.subarray(0, 8), ...rewritten]);
}

function readSections(module) {
  const reader = new Reader(module.subarray(8));
  const sections = [];
  while (!reader.atEnd) sections.push({ id: reader.byte(), bytes: reader.take(reader.unsigned()) });
  return sections;
}

/** What rewriting a function takes: the index of `trace_event`, and how many parameters each function has. */
function readFacts(sections) {
  const section = (wanted) => new Reader(sections.find(({ id }) => id === wanted)?.bytes ?? Uint8Array.of(0));
  if (section(IMPORT_SECTION).unsigned() > 0) throw new Error("the module has imports");
  const parameters = section(TYPE_SECTION).vector((types) => {
    if (types.byte() !== 0x60) throw new Error("the module has types other than functions");
    const count = types.vector(() => types.byte()).length;
    types.vector(() => types.byte());
    return count;
  });
  const functions = section(FUNCTION_SECTION).vector((types) => parameters[types.unsigned()]);
  const exports = section(EXPORT_SECTION).vector((entries) => ({
    name: new TextDecoder().decode(entries.take(entries.unsigned())),
    kind: entries.byte(),
    index: entries.unsigned(),
  }));
  const event = exports.find(({ name }) => name === "trace_event");
  if (!event) throw new Error("the module does not export trace_event");
  return { event: event.index, parameters: functions };
}

function rewriteCode(bytes, { event, parameters }) {
  const bodies = new Reader(bytes).vector((code, index) => {
    const body = code.take(code.unsigned());
    return index === event ? body : rewriteFunction(new Reader(body), parameters[index], event);
  });
  const parts = bodies.flatMap((body) => [Buffer.from(unsigned(body.length)), body]);
  return Buffer.concat([Buffer.from(unsigned(bodies.length)), ...parts]);
}

function rewriteFunction(body, parameters, event) {
  let count = parameters;
  const groups = body.vector(() => {
    const length = body.unsigned();
    count += length;
    return [...unsigned(length), body.byte()];
  });
  // Locals of our own for the operands of one instruction: no instruction has more of a type.
  const locals = { [I32]: [], [I64]: [], [F32]: [], [F64]: [], [V128]: [] };
  for (const type of [I32, I32, I32, I64, I64, F32, F64, V128]) {
    groups.push([1, type]);
    locals[type].push(count++);
  }
  const out = [Buffer.from([...unsigned(groups.length), ...groups.flat()])];
  while (!body.atEnd) {
    const start = body.position;
    const operands = readInstruction(body);
    if (operands) out.push(Buffer.from(report(operands, locals, event)));
    out.push(body.bytes.subarray(start, body.position));
  }
  return Buffer.concat(out);
}

/** Instructions that report operands on top of the stack and leave all of them there. The last operand is the top. */
function report(operands, locals, event) {
  const call = [CALL, ...unsigned(event)];
  if (operands.length === 1 && operands[0].type === I32) return call;
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

/**
 * Reads one instruction.
 *
 * @param {Reader} code
 * @returns {{type: number, reported: boolean}[] | undefined} Its topmost operands, if one of them is to be reported.
 */
function readInstruction(code) {
  const opcode = code.byte();
  if (opcode === 0x02 || opcode === 0x03) return void code.signed(); // block, loop
  if (opcode === 0x04) return code.signed(), [seen(I32)]; // if
  if (opcode === 0x0c || opcode === 0x10 || opcode === 0xd2) return void code.unsigned(); // br, call, ref.func
  if (opcode === 0x0d) return code.unsigned(), [seen(I32)]; // br_if
  if (opcode === 0x0e) return code.vector(() => code.unsigned()), code.unsigned(), [seen(I32)]; // br_table
  if (opcode === 0x11) return code.unsigned(), code.unsigned(), [seen(I32)]; // call_indirect
  if (opcode === 0x1b) return [seen(I32)]; // select
  if (opcode === 0x1c) return code.vector(() => code.byte()), [seen(I32)]; // select with types
  if (opcode >= 0x20 && opcode <= 0x26) return void code.unsigned(); // of locals, globals, tables
  if (opcode >= 0x28 && opcode <= 0x35) return readAddress(code), [seen(I32)]; // loads
  if (opcode >= 0x36 && opcode <= 0x3e) return readAddress(code), [seen(I32), unseen(storedType(opcode))];
  if (opcode === 0x3f) return void code.unsigned(); // memory.size
  if (opcode === 0x40) return code.unsigned(), [seen(I32)]; // memory.grow
  if (opcode === 0x41 || opcode === 0x42) return void code.signed(); // i32.const, i64.const
  if (opcode === 0x43) return void code.take(4); // f32.const
  if (opcode === 0x44) return void code.take(8); // f64.const
  if (opcode >= 0x6d && opcode <= 0x70) return [seen(I32), seen(I32)]; // i32.div, i32.rem
  if (opcode >= 0x7f && opcode <= 0x82) return [seen(I64), seen(I64)]; // i64.div, i64.rem
  if (opcode === 0xd0) return void code.byte(); // ref.null
  if (opcode === 0xfc) return readMiscellaneous(code);
  if (opcode === 0xfd) return readVector(code);
  const plain = opcode <= 0x01 || opcode === 0x05 || opcode === 0x0b || opcode === 0x0f || opcode === 0x1a || opcode === 0xd1;
  if (plain || (opcode >= 0x45 && opcode <= 0xc4)) return undefined;
  throw new Error(`opcode 0x${opcode.toString(16)} is not known here`);
}

function readMiscellaneous(code) {
  const opcode = code.unsigned();
  if (opcode <= 7) return undefined; // saturating conversions
  code.unsigned();
  if (opcode === 8 || opcode === 10 || opcode === 12 || opcode === 14) code.unsigned();
  if (opcode === 8 || opcode === 10) return [seen(I32), seen(I32), seen(I32)]; // memory.init, memory.copy
  if (opcode === 11) return [seen(I32), unseen(I32), seen(I32)]; // memory.fill
  return undefined; // of tables and segments
}

function readVector(code) {
  const opcode = code.unsigned();
  if (opcode <= 10 || opcode === 92 || opcode === 93) return readAddress(code), [seen(I32)]; // loads
  if (opcode === 11) return readAddress(code), [seen(I32), unseen(V128)]; // v128.store
  if (opcode === 12 || opcode === 13) return void code.take(16); // v128.const, i8x16.shuffle
  if (opcode >= 21 && opcode <= 34) return void code.byte(); // extract_lane, replace_lane
  if (opcode >= 84 && opcode <= 91) return readAddress(code), code.byte(), [seen(I32), unseen(V128)]; // load_lane, store_lane
  return undefined;
}

function readAddress(code) {
  code.unsigned(); // alignment
  code.unsigned(); // offset
}

function storedType(opcode) {
  if (opcode === 0x38) return F32;
  if (opcode === 0x39) return F64;
  return opcode === 0x36 || opcode === 0x3a || opcode === 0x3b ? I32 : I64;
}
