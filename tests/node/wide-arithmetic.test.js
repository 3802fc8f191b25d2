/** Modules that were compiled with wide arithmetic compute the same without it. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { unsigned } from "../../scripts/lib/wasm-binary.js";
import { lowerWideArithmetic } from "../../scripts/lib/wide-arithmetic.js";

const EDGES = [0n, 1n, 2n, 0xffffffffn, 0x100000000n, 0x7fffffffffffffffn, 0x8000000000000000n, 0xffffffff00000001n, 0xffffffffffffffffn];
const WORDS = [...EDGES, ...Array.from({ length: 40 }, () => randomBytes(8).readBigUInt64LE())];
/** @param {bigint} word */
const signed = (word) => BigInt.asIntN(64, word);

const wide = { "i64.add128": 19, "i64.sub128": 20 };
const narrow = { "i64.mul_wide_s": 21, "i64.mul_wide_u": 22 };

for (const [name, opcode] of Object.entries(wide)) {
  test(`${name} without wide arithmetic`, () => {
    const run = instance(opcode, 4);
    for (const a of EDGES) {
      for (const [i, b] of WORDS.entries()) {
        const [c, d] = [WORDS[(i * 7 + 3) % WORDS.length], WORDS[(i * 5 + 1) % WORDS.length]];
        const [x, y] = [(b << 64n) | a, (d << 64n) | c];
        check(run(a, b, c, d), opcode === 19 ? x + y : x - y);
      }
    }
  });
}

for (const [name, opcode] of Object.entries(narrow)) {
  test(`${name} without wide arithmetic`, () => {
    const run = instance(opcode, 2);
    for (const a of WORDS) {
      for (const b of WORDS) check(run(a, b), opcode === 22 ? a * b : signed(a) * signed(b));
    }
  });
}

test("A module without wide arithmetic stays as it is", () => {
  const plain = module([0x20, 0, 0x20, 1], 2);
  assert.deepEqual(lowerWideArithmetic(plain), Buffer.from(plain));
});

/** @param {[lower: bigint, upper: bigint]} words @param {bigint} expected */
function check([lower, upper], expected) {
  assert.equal((BigInt.asUintN(64, upper) << 64n) | BigInt.asUintN(64, lower), BigInt.asUintN(128, expected));
}

/**
 * A function of one such instruction, lowered.
 *
 * @param {number} opcode
 * @param {number} parameters
 * @returns {(...words: bigint[]) => [lower: bigint, upper: bigint]}
 */
function instance(opcode, parameters) {
  const operands = Array.from({ length: parameters }, (_, i) => [0x20, i]).flat();
  const bytes = module([...operands, 0xfc, opcode], parameters);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(lowerWideArithmetic(bytes))));
  return /** @type {ReturnType<typeof instance>} */ (exports.f);
}

/**
 * A module with one exported function, of so many i64 and with two i64 as results.
 *
 * @param {number[]} instructions
 * @param {number} parameters
 */
function module(instructions, parameters) {
  const I64 = 0x7e;
  const body = [1, 1, I64, ...instructions, 0x0b]; // a local of its own
  /** @type {[id: number, contents: number[]][]} */
  const sections = [
    [1, [1, 0x60, parameters, ...Array(parameters).fill(I64), 2, I64, I64]],
    [3, [1, 0]],
    [7, [1, 1, "f".charCodeAt(0), 0, 0]],
    [10, [1, ...unsigned(body.length), ...body]],
  ];
  const encoded = sections.flatMap(([id, contents]) => [id, ...unsigned(contents.length), ...contents]);
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...encoded]);
}
