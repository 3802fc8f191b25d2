/**
 * The instructions of wasm, as far as compilers use them: how long each is, and what of its
 * operands its timing may depend on.
 */

/** @import { Reader } from "../../web/component/reader.js" */

/** Types of values. */
export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const V128 = 0x7b;

/**
 * An operand that the timing may depend on, and one that only lies beside such an operand.
 *
 * @param {number} type
 */
const seen = (type) => ({ type, reported: true });
/** @param {number} type */
const unseen = (type) => ({ type, reported: false });

/**
 * Reads one instruction.
 *
 * @param {Reader} code
 * @returns {{type: number, reported: boolean}[] | undefined} Its topmost operands, if one of them
 *   is to be reported.
 */
export function readInstruction(code) {
  const opcode = code.byte();
  if (opcode === 0x02 || opcode === 0x03) return void code.skipSigned(); // block, loop
  if (opcode === 0x04) return code.skipSigned(), [seen(I32)]; // if
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
  if (opcode === 0x41 || opcode === 0x42) return void code.skipSigned(); // i32.const, i64.const
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

/** @param {Reader} code @returns {ReturnType<typeof readInstruction>} */
function readMiscellaneous(code) {
  const opcode = code.unsigned();
  if (opcode <= 7) return undefined; // saturating conversions
  if (opcode >= 19 && opcode <= 22) return undefined; // wide arithmetic
  code.unsigned();
  if (opcode === 8 || opcode === 10 || opcode === 12 || opcode === 14) code.unsigned();
  if (opcode === 8 || opcode === 10) return [seen(I32), seen(I32), seen(I32)]; // memory.init, memory.copy
  if (opcode === 11) return [seen(I32), unseen(I32), seen(I32)]; // memory.fill
  return undefined; // of tables and segments
}

/** @param {Reader} code @returns {ReturnType<typeof readInstruction>} */
function readVector(code) {
  const opcode = code.unsigned();
  if (opcode <= 10 || opcode === 92 || opcode === 93) return readAddress(code), [seen(I32)]; // loads
  if (opcode === 11) return readAddress(code), [seen(I32), unseen(V128)]; // v128.store
  if (opcode === 12 || opcode === 13) return void code.take(16); // v128.const, i8x16.shuffle
  if (opcode >= 21 && opcode <= 34) return void code.byte(); // extract_lane, replace_lane
  if (opcode >= 84 && opcode <= 91) return readAddress(code), code.byte(), [seen(I32), unseen(V128)]; // load_lane, store_lane
  return undefined;
}

/** @param {Reader} code */
function readAddress(code) {
  code.unsigned(); // alignment
  code.unsigned(); // offset
}

/** @param {number} opcode */
function storedType(opcode) {
  if (opcode === 0x38) return F32;
  if (opcode === 0x39) return F64;
  return opcode === 0x36 || opcode === 0x3a || opcode === 0x3b ? I32 : I64;
}
