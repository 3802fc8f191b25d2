/**
 * A component passes values of any type, as the input says, and its memory has what the input says:
 * a call ends with a value of that type, not too large, or with a trap. What the host passes back
 * arrives as it was.
 */

import assert from "node:assert/strict";
import {
  Memory, PRIMITIVE_TYPES, enumType, flagsType, liftFunction, listType, lowerFunction, optionType, recordType, resultType, signature, tupleType, variantType,
} from "../../web/component/abi.js";
import { Handles, borrowType, ownType } from "../../web/component/handles.js";

/** @import { Type } from "../../web/component/abi.js" */

/** @typedef {{type: Type, is: (value: any) => boolean}} Kind A type, and what its values are. */

const DEEPEST = 3;
const SIZE = 256; // bytes of the component's memory
const ROOM = 1 << 20; // bytes for what comes back
const NUMBERS = /** @type {const} */ (["u8", "s8", "u16", "s16", "u32", "s32", "f32", "f64", "u64", "s64"]);
const NAMES = ["a", "b-c", "d", "e"];
const resources = [{}, {}];
const isNumber = (/** @type {any} */ value) => typeof value === "number" || typeof value === "bigint";

/** @param {Uint8Array} input */
export function run(input) {
  let at = 0;
  const next = () => input[at++] ?? 0;
  const handles = new Handles();
  /** Numbers as an attacker chooses them: small, or at a limit. */
  const number = () => [next(), next() & 0xf8, -next(), SIZE - next(), 2 ** (next() % 33), -1 << next(), 0x110000 - next(), 0xd800 + next()][next() % 8] | 0;

  const kind = kinds(next);
  const bytes = Uint8Array.from({ length: SIZE }, next);
  const memory = new Memory(/** @type {any} */ ({ buffer: bytes.buffer }), number, handles);
  for (let i = 0; i < 4; i++) handles.add({ name: i }, resources[i & 1], i < 2);

  /** @param {any} value */
  const check = (value) => {
    assert.ok(kind.is(value), `a value of another type: ${String(value)}`);
    assert.ok(memory.copied <= 2 ** 27);
    if (memory.copied < ROOM / 16) comesBack(kind.type, value);
  };
  const types = signature([kind.type], kind.type);
  const flat = Array.from({ length: 1 + (types.spilled ? 1 : types.params.flat.length) }, (_, i) => {
    const core = types.spilled ? "i32" : types.params.flat[i];
    return core === "i64" ? BigInt(number()) : number();
  });
  const host = lowerFunction(types, memory, ([value], use) => {
    check(value);
    return use(value);
  });
  const returned = () => (types.pointer || types.result?.flat[0] !== "i64" ? number() : BigInt(number()));
  const guest = liftFunction(types, memory, returned, null);
  mayTrap(() => host(...flat));
  mayTrap(() => guest([kind.type.load(memory, 0)], check));
}

/** @param {() => void} call */
function mayTrap(call) {
  try {
    call();
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError) && !(error instanceof RangeError)) throw error;
  }
}

/**
 * The host passes the value to another component, which passes it back. @param {Type} type @param
 * {any} value
 */
function comesBack(type, value) {
  let used = type.size + 8;
  /** @type {import("../../web/component/abi.js").Realloc} */
  const realloc = (old, oldSize, align, size) => {
    const address = Math.ceil(used / align) * align;
    used = address + size;
    return address;
  };
  const memory = new Memory(/** @type {any} */ ({ buffer: new ArrayBuffer(ROOM) }), realloc, new Handles());
  type.store(memory, 8, value);
  assert.deepEqual(type.load(memory, 8), value);
  /** @type {any[]} */
  const flat = [];
  type.lower(memory, value, flat);
  const { spilled } = signature([type], null);
  if (!spilled) lowerFunction(signature([type], null), memory, ([again]) => assert.deepEqual(again, value))(...flat);
}

/** @param {() => number} next @returns {Kind} */
function kinds(next, depth = 0) {
  const inner = () => kinds(next, depth + 1);
  const some = () => Array.from({ length: 1 + (next() % 3) }, inner);
  const makers = [
    () => of(PRIMITIVE_TYPES[NUMBERS[next() % NUMBERS.length]], isNumber),
    () => of(PRIMITIVE_TYPES.bool, (value) => typeof value === "boolean"),
    () => of(PRIMITIVE_TYPES.char, (value) => typeof value === "string" && [...value].length === 1 && isText(value)),
    () => of(PRIMITIVE_TYPES.string, (value) => typeof value === "string" && isText(value)),
    () => {
      const names = NAMES.slice(0, 1 + (next() % 4));
      return of(enumType(names), (value) => names.includes(value));
    },
    () => of(flagsType(NAMES), (value) => Object.values(value).every((flag) => typeof flag === "boolean") && Object.keys(value).length === 4),
    () => {
      const resource = resources[next() & 1];
      return of((next() & 1 ? ownType : borrowType)(resource), (rep) => typeof rep.name === "number");
    },
    () => {
      const { type, is } = inner();
      return of(listType(type), (value) => (ArrayBuffer.isView(value) || Array.isArray(value)) && Array.prototype.every.call(value, is));
    },
    () => {
      const parts = some();
      return of(tupleType(parts.map(({ type }) => type)), (value) => parts.every(({ is }, i) => is(value[i])) && value.length === parts.length);
    },
    () => {
      const parts = some();
      return of(recordType(parts.map(({ type }, i) => ({ name: NAMES[i], type }))), (value) => parts.every(({ is }, i) => is(Object.values(value)[i])));
    },
    () => {
      const { type, is } = inner();
      return of(optionType(type), (value) => (type.isOption ? value.tag === "none" || (value.tag === "some" && is(value.val)) : value === undefined || is(value)));
    },
    () => {
      const cases = [...some(), null];
      const type = variantType(cases.map((each, i) => ({ name: NAMES[i], type: each?.type ?? null })));
      return of(type, ({ tag, val }) => NAMES.slice(0, cases.length).includes(tag) && (cases[NAMES.indexOf(tag)]?.is(val) ?? val === undefined));
    },
    () => {
      const { type, is } = inner();
      return of(resultType(type, null), ({ tag, val }) => (tag === "ok" ? is(val) : tag === "err" && val === undefined));
    },
  ];
  return makers[next() % (depth < DEEPEST ? makers.length : 7)]();
}

/** @param {Type} type @param {Kind["is"]} is @returns {Kind} */
function of(type, is) {
  return { type, is };
}

/**
 * Whether it is text that a component can be given: Unicode has no half of a pair. @param {string}
 * text
 */
function isText(text) {
  return !/\p{Surrogate}/u.test(text);
}
