/**
 * A WebAssembly module, made to measure, that stands between MicroPython and the JavaScript functions it imports, so that no JavaScript
 * frame is left on a stack that is to be suspended (JavaScript Promise Integration cannot suspend those).
 *
 * Emscripten's `invoke_*` functions call through the table and catch longjmp, in JavaScript. Here they are WebAssembly, with an exception
 * tag for longjmp. And each import that may wait exists twice, plain and suspending; `suspendable` says which one is called.
 */

const I32 = 0x7f;
const TYPES = { v: [], i: [I32], j: [0x7e], f: [0x7d], d: [0x7c] };
const ZERO = { v: [], i: [0x41, 0], j: [0x42, 0], f: [0x43, 0, 0, 0, 0], d: [0x44, 0, 0, 0, 0, 0, 0, 0, 0] };

// Where the helpers are in their table.
const GET_STACK = 0;
const SET_STACK = 1;
const SET_THREW = 2;

const FUNCTIONS = 0;
const HELPERS = 1;

const BLOCK = 0x02;
const IF = 0x04;
const ELSE = 0x05;
const THROW = 0x08;
const END = 0x0b;
const RETURN = 0x0f;
const CALL = 0x10;
const CALL_INDIRECT = 0x11;
const TRY_TABLE = 0x1f;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const GLOBAL_GET = 0x23;
const I32_CONST = 0x41;
const VOID = 0x40;

/**
 * @typedef {object} Waiting An import that may wait.
 * @property {string} name
 * @property {number} parameters How many it has, all of them 32-bit integers.
 * @property {"v" | "i"} result
 */

/**
 * The module's bytes. It imports `plain.NAME` and `suspending.NAME` for each waiting import, and exports the waiting imports, the invokes,
 * `throw_longjmp`, the tables `functions` and `helpers`, and the global `suspendable`.
 *
 * @param {string[]} invokes Names: "invoke_" and letters for the result and the parameters of what is called, as Emscripten has them.
 * @param {Waiting[]} waiting
 * @returns {Uint8Array}
 */
export function trampolines(invokes, waiting) {
  const types = [];
  const type = (parameters, result) => {
    const encoded = [0x60, ...vector(parameters.map((p) => [p])), ...vector(TYPES[result].map((t) => [t]))];
    const at = types.findIndex((known) => known.join() === encoded.join());
    return at >= 0 ? at : types.push(encoded) - 1;
  };
  const helper = (index, typeIndex) => [I32_CONST, index, CALL_INDIRECT, ...number(typeIndex), HELPERS];
  const [none, one, two, get] = [type([], "v"), type([I32], "v"), type([I32, I32], "v"), type([], "i")];

  const imports = [];
  const functions = [];
  const exports = [];
  const bodies = [];
  const imported = 2 * waiting.length;
  const add = (name, typeIndex, body) => {
    exports.push([...text(name), 0x00, ...number(imported + functions.length)]);
    functions.push(number(typeIndex));
    bodies.push([...number(body.length), ...body]);
  };

  for (const { name, parameters, result } of waiting) {
    const own = type(Array(parameters).fill(I32), result);
    const plain = imports.length;
    for (const which of ["plain", "suspending"]) imports.push([...text(which), ...text(name), 0x00, ...number(own)]);
    const values = Array.from({ length: parameters }, (_, i) => [LOCAL_GET, i]).flat();
    const call = (index) => [...values, CALL, ...number(index)];
    add(name, own, [
      0, GLOBAL_GET, 0, IF, ...(result === "v" ? [VOID] : [I32]), ...call(plain + 1), ELSE, ...call(plain), END, END,
    ]);
  }

  for (const name of invokes) {
    const [result, ...letters] = name.slice("invoke_".length);
    const parameters = letters.flatMap((letter) => TYPES[letter]);
    const called = type(parameters, result);
    const stack = parameters.length + 1;
    add(name, type([I32, ...parameters], result), [
      1, 1, I32,
      ...helper(GET_STACK, get), LOCAL_SET, stack,
      BLOCK, VOID,
      TRY_TABLE, VOID, 1, 0x00, 0, 0, // longjmp leaves the block
      ...parameters.flatMap((_, i) => [LOCAL_GET, i + 1]), LOCAL_GET, 0, CALL_INDIRECT, ...number(called), FUNCTIONS, RETURN,
      END,
      END,
      LOCAL_GET, stack, ...helper(SET_STACK, one),
      I32_CONST, 1, I32_CONST, 0, ...helper(SET_THREW, two),
      ...ZERO[result], END,
    ]);
  }
  add("throw_longjmp", none, [0, THROW, 0, END]);
  exports.push([...text("functions"), 0x01, FUNCTIONS], [...text("helpers"), 0x01, HELPERS], [...text("suspendable"), 0x03, 0]);

  return Uint8Array.from([
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, types),
    ...section(2, imports),
    ...section(3, functions),
    ...section(4, [[0x70, 0, 0], [0x70, 0, 3]]),
    ...section(13, [[0, ...number(none)]]),
    ...section(6, [[I32, 1, I32_CONST, 0, END]]),
    ...section(7, exports),
    ...section(10, bodies),
  ]);
}

/**
 * Fills the tables of an instance, when the module exists whose functions are to be called.
 *
 * @param {WebAssembly.Exports} shim
 * @param {WebAssembly.Exports} main MicroPython's.
 */
export function connectTables({ functions, helpers }, main) {
  const table = main.__indirect_function_table;
  functions.grow(table.length);
  for (let i = 0; i < table.length; i++) functions.set(i, table.get(i));
  helpers.set(GET_STACK, main.emscripten_stack_get_current);
  helpers.set(SET_STACK, main._emscripten_stack_restore);
  helpers.set(SET_THREW, main.setThrew);
}

function section(id, items) {
  const content = vector(items);
  return [id, ...number(content.length), ...content];
}

function vector(items) {
  return [...number(items.length), ...items.flat()];
}

function text(string) {
  return vector([...new TextEncoder().encode(string)].map((byte) => [byte]));
}

/** LEB128. */
function number(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(value >>> 7)];
}
