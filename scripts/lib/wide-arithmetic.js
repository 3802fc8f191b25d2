/**
 * Takes the instructions of wasm's wide-arithmetic proposal out of a module, for engines that do
 * not have them.
 *
 * Without these instructions LLVM multiplies 64 x 64 bits by calling a function that returns its
 * result in memory, which is most of what an elliptic curve costs. So the module is compiled with
 * them, and each is replaced here by plain instructions in its place.
 */

import { Reader } from "../../web/component/reader.js";
import { CODE_SECTION, parameterCounts, readSections, rewriteBodies, rewriteSections, unsigned } from "./wasm-binary.js";
import { I64, readInstruction } from "./wasm-instructions.js";

/**
 * @param {Uint8Array} module
 * @returns {Uint8Array} A module that computes the same without wide arithmetic.
 */
export function lowerWideArithmetic(module) {
  const parameters = parameterCounts(readSections(module));
  return rewriteSections(module, CODE_SECTION, (code) => rewriteBodies(code, (body, index) => lowerBody(body, parameters[index])));
}

/** Locals that a lowering may use. */
const LOCALS = 7;

const PREFIX = 0xfc;
const ADD128 = 19;
const SUB128 = 20;
const MUL_WIDE_S = 21;
const MUL_WIDE_U = 22;
/** @type {Record<number, (locals: number[][]) => number[]>} */
const LOWERINGS = { [ADD128]: add128, [SUB128]: sub128, [MUL_WIDE_S]: mulWideSigned, [MUL_WIDE_U]: mulWide };

/** @param {Uint8Array} bytes @param {number} parameters */
function lowerBody(bytes, parameters) {
  const body = new Reader(bytes);
  let first = parameters; // of our locals
  const groups = body.vector(() => {
    const length = body.unsigned();
    first += length;
    return [...unsigned(length), body.byte()];
  });
  groups.push([LOCALS, I64]);
  const locals = Array.from({ length: LOCALS }, (_, i) => unsigned(first + i));
  /** @type {Uint8Array[]} */
  const out = [Buffer.from([...unsigned(groups.length), ...groups.flat()])];
  let kept = body.position;
  while (!body.atEnd) {
    const start = body.position;
    readInstruction(body);
    const lowering = bytes[start] === PREFIX && LOWERINGS[bytes[start + 1]];
    if (!lowering) continue;
    out.push(bytes.subarray(kept, start), Buffer.from(lowering(locals)));
    kept = body.position;
  }
  if (out.length === 1) return bytes;
  return Buffer.concat([...out, bytes.subarray(kept)]);
}

/** @param {number[]} local */
const get = (local) => [0x20, ...local];
/** @param {number[]} local */
const set = (local) => [0x21, ...local];
/** @param {number[]} local */
const tee = (local) => [0x22, ...local];
const i64 = {
  const32: [0x42, 32],
  const63: [0x42, 63],
  lowerHalf: [0x42, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x83], // i64.const 0xffffffff, i64.and
  ltU: [0x54, 0xad], // i64.lt_u, i64.extend_i32_u
  add: [0x7c],
  sub: [0x7d],
  mul: [0x7e],
  and: [0x83],
  shrS: [0x87],
  shrU: [0x88],
};
const upperHalf = [...i64.const32, ...i64.shrU];

/**
 * From a's and b's lower and upper half to the sum's.
 *
 * @param {number[][]} locals
 * @returns {number[]}
 */
function add128([al, ah, bl, bh, sum]) {
  return [
    set(bh), set(bl), set(ah), set(al),
    get(al), get(bl), i64.add, tee(sum),
    get(ah), get(bh), i64.add, get(sum), get(al), i64.ltU, i64.add,
  ].flat();
}

/** @param {number[][]} locals @returns {number[]} */
function sub128([al, ah, bl, bh]) {
  return [
    set(bh), set(bl), set(ah), set(al),
    get(al), get(bl), i64.sub,
    get(ah), get(bh), i64.sub, get(al), get(bl), i64.ltU, i64.sub,
  ].flat();
}

/**
 * From a and b to the product's lower and upper half: four products of halves, none of whose sums
 * overflows.
 *
 * @param {number[][]} locals
 * @returns {number[]}
 */
function mulWide([a, b, al, ah, bl, bh, middle]) {
  return [
    set(b), set(a),
    get(a), get(b), i64.mul,
    get(a), upperHalf, tee(ah), get(b), upperHalf, tee(bh), i64.mul,
    get(ah), get(b), i64.lowerHalf, tee(bl), i64.mul,
    get(a), i64.lowerHalf, tee(al), get(bl), i64.mul, upperHalf, i64.add, tee(middle), upperHalf, i64.add,
    get(al), get(bh), i64.mul, get(middle), i64.lowerHalf, i64.add, upperHalf, i64.add,
  ].flat();
}

/**
 * As above; a negative factor was 2^64 too much, so the other is taken off the upper half.
 *
 * @param {number[][]} locals
 * @returns {number[]}
 */
function mulWideSigned(locals) {
  const [a, b] = locals;
  /** @param {number[]} factor @param {number[]} other */
  const correction = (factor, other) => [get(factor), i64.const63, i64.shrS, get(other), i64.and, i64.sub];
  return [mulWide(locals), correction(a, b), correction(b, a)].flat(2);
}
