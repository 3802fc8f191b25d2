/**
 * The canonical ABI: how values of JavaScript are stored in the memory of core modules, and how
 * functions of core modules pass them. The values have jco's representation: records are objects
 * with names in camelCase, variants `{tag, val}`, enums strings, options undefined or the value,
 * 64-bit integers BigInt. Lists of numbers are typed arrays. Those from wasm are views of its
 * memory: copy a list to keep it.
 *
 * A type is an object that has `size` and `align` in memory, `flat`, the core types that pass it as
 * a parameter or a result, `load(memory, address)` and `store(memory, address, value)`,
 * `lift(memory, values)`, which takes flat values from a cursor, and
 * `lower(memory, value, values)`, which appends them.
 *
 * A component may pass anything. What the canonical ABI does not allow is a trap.
 */

/**
 * @typedef {(old: number, oldSize: number, align: number, size: number) => number} Realloc
 *
 * @typedef {"i32" | "i64" | "f32" | "f64"} CoreType
 *
 * @typedef {object} Type The WIT type decides what its values are in JavaScript, so they are `any`
 *   here.
 * @property {number} size In memory, in bytes.
 * @property {number} align
 * @property {CoreType[]} flat The core types that pass it as a parameter or a result.
 * @property {(memory: Memory, at: number) => any} load
 * @property {(memory: Memory, at: number, value: any) => void} store
 * @property {(memory: Memory, values: Cursor) => any} lift
 * @property {(memory: Memory, value: any, values: any[]) => void} lower
 * @property {boolean} [isOption]
 * @property {boolean} [isResult]
 *
 * @typedef {{name: string, type: Type | null}} Case Of a variant.
 * @typedef {ReturnType<typeof signature>} Signature
 * @typedef {(value: any) => any} Use Gets the result of a call. Its own result becomes the call's.
 * @typedef {(args: any[], use: Use) => any} Call
 */

/** @import { Handles } from "./handles.js" */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/**
 * The most bytes that the strings and lists of one call take here. Those of a component may share
 * memory, so that the size of its memory is no limit.
 */
const MOST_COPIED = 128 * 1024 * 1024;
/** What a value of a list takes here at least, in bytes. */
const LEAST_VALUE = 64;
/** The most core values of one type. */
const MOST_FLAT = 10_000;

/** @param {string} text @returns {never} */
export function trap(text) {
  throw new WebAssembly.RuntimeError(text);
}

/** The memory of a core module, with the module's function that allocates in it. */
export class Memory {
  #memory;
  #view = new DataView(new ArrayBuffer(0));
  /** @type {Realloc} */
  realloc;
  /** The bytes that this call's strings and lists have taken. */
  copied = 0;

  /**
   * @param {WebAssembly.Memory | null} memory
   * @param {Function | null} realloc
   * @param {Handles} handles Of the instance that has the memory.
   */
  constructor(memory, realloc, handles) {
    this.#memory = memory;
    this.realloc = /** @type {Realloc} */ (realloc);
    this.handles = handles;
  }

  /** A view of the memory, made again after the memory has grown. */
  get view() {
    const { buffer } = this;
    return this.#view.buffer === buffer ? this.#view : (this.#view = new DataView(buffer));
  }

  get buffer() {
    return /** @type {WebAssembly.Memory} */ (this.#memory).buffer;
  }

  /** @param {number} size @param {number} align */
  allocate(size, align) {
    return this.realloc(0, 0, align, size) >>> 0;
  }

  /**
   * Traps if something does not lie in the memory, or is too large to be copied.
   *
   * @param {number} at
   * @param {number} size In the memory.
   * @param {number} copied Its size here.
   */
  check(at, size, copied) {
    if (at + size > this.buffer.byteLength) trap("a string or a list that reaches outside of the memory");
    if ((this.copied += copied) > MOST_COPIED) trap("strings and lists that are too large");
  }
}

/** Flat values that are read one after the other. */
class Cursor {
  /** @param {any[]} values */
  constructor(values, position = 0) {
    this.values = values;
    this.position = position;
  }

  next() {
    return this.values[this.position++];
  }
}

const MOST_FLAT_PARAMETERS = 16;
const MOST_FLAT_RESULTS = 1;

/**
 * How a function's parameters and result are passed.
 *
 * @param {Type[]} params
 * @param {Type | null} result
 */
export function signature(params, result) {
  const tuple = tupleType(params);
  return { params: tuple, result, spilled: tuple.flat.length > MOST_FLAT_PARAMETERS, pointer: (result?.flat.length ?? 0) > MOST_FLAT_RESULTS };
}

/**
 * A core function that calls a function of JavaScript. Wasm calls it.
 *
 * @param {Signature} types
 * @param {Memory} memory The caller's memory.
 * @param {Call} call Passes its result to `use`, and returns the result of `use`.
 */
export function lowerFunction({ params, result, spilled, pointer }, memory, call) {
  const count = spilled ? 1 : params.flat.length;
  if (params.flat.length === 0 && result && !pointer) return () => call(NONE, (value) => lowerFlat(result, memory, value)[0]);
  const load = (/** @type {any[]} */ values) => {
    memory.copied = 0;
    return spilled ? params.load(memory, values[0] >>> 0) : params.lift(memory, new Cursor(values));
  };
  if (!result) return (/** @type {any[]} */ ...values) => call(load(values), nothing);
  if (pointer) return (/** @type {any[]} */ ...values) => call(load(values), (value) => void result.store(memory, values[count] >>> 0, value));
  return (/** @type {any[]} */ ...values) => call(load(values), (value) => lowerFlat(result, memory, value)[0]);
}

/**
 * A function of JavaScript that calls a core function.
 *
 * @param {Signature} types
 * @param {Memory} memory The memory of the function's module.
 * @param {Function} core
 * @param {Function | null} postReturn Called after the result was used.
 * @returns {Call}
 */
export function liftFunction({ params, result, spilled, pointer }, memory, core, postReturn) {
  return (args, use) => {
    /** @type {any[]} */
    let values = [];
    if (spilled) {
      values = [memory.allocate(params.size, params.align)];
      params.store(memory, values[0], args);
    } else {
      params.lower(memory, args, values);
    }
    /** @param {any} returned */
    const finish = (returned) => {
      memory.copied = 0;
      const value = !result ? undefined : pointer ? result.load(memory, returned >>> 0) : result.lift(memory, new Cursor([returned]));
      const used = use(value);
      postReturn?.(returned);
      return used;
    };
    const returned = core(...values);
    return typeof returned?.then === "function" ? returned.then(finish) : finish(returned);
  };
}

/** @type {any[]} */
const NONE = [];

function nothing() {}

/** @param {Type} type @param {Memory} memory @param {any} value */
function lowerFlat(type, memory, value) {
  /** @type {any[]} */
  const values = [];
  type.lower(memory, value, values);
  return values;
}

/**
 * A type that is one core value. `fromCore` and `toCore` also get the memory.
 *
 * @param {number} size
 * @param {CoreType} flat
 * @param {Type["load"]} read
 * @param {Type["store"]} write
 * @param {(value: any, memory: Memory) => any} fromCore
 * @param {(value: any, memory: Memory) => any} toCore
 */
export function scalar(size, flat, read, write, fromCore, toCore) {
  return {
    size,
    align: size,
    flat: [flat],
    load: read,
    store: write,
    /** @param {Memory} memory @param {Cursor} values */
    lift: (memory, values) => fromCore(values.next(), memory),
    /** @param {Memory} memory @param {any} value @param {any[]} values */
    lower: (memory, value, values) => void values.push(toCore(value, memory)),
  };
}

/** @param {any} value */
const same = (value) => value;
/** @param {any} value */
const integer = (value) => Number(value) | 0;

/** @type {Record<string, Type>} The primitive types. */
export const PRIMITIVE_TYPES = {
  bool: scalar(1, "i32", (m, at) => m.view.getUint8(at) !== 0, (m, at, value) => m.view.setUint8(at, value ? 1 : 0), (v) => v !== 0, (v) => (v ? 1 : 0)),
  s8: scalar(1, "i32", (m, at) => m.view.getInt8(at), (m, at, value) => m.view.setInt8(at, value), (v) => (v << 24) >> 24, integer),
  u8: scalar(1, "i32", (m, at) => m.view.getUint8(at), (m, at, value) => m.view.setUint8(at, value), (v) => v & 0xff, (v) => v & 0xff),
  s16: scalar(2, "i32", (m, at) => m.view.getInt16(at, true), (m, at, value) => m.view.setInt16(at, value, true), (v) => (v << 16) >> 16, integer),
  u16: scalar(2, "i32", (m, at) => m.view.getUint16(at, true), (m, at, value) => m.view.setUint16(at, value, true), (v) => v & 0xffff, (v) => v & 0xffff),
  s32: scalar(4, "i32", (m, at) => m.view.getInt32(at, true), (m, at, value) => m.view.setInt32(at, value, true), same, integer),
  u32: scalar(4, "i32", (m, at) => m.view.getUint32(at, true), (m, at, value) => m.view.setUint32(at, value, true), (v) => v >>> 0, integer),
  s64: scalar(8, "i64", (m, at) => m.view.getBigInt64(at, true), (m, at, value) => m.view.setBigInt64(at, BigInt(value), true), same, BigInt),
  u64: scalar(8, "i64", (m, at) => m.view.getBigUint64(at, true), (m, at, value) => m.view.setBigUint64(at, BigInt(value), true), (v) => BigInt.asUintN(64, v), BigInt),
  f32: scalar(4, "f32", (m, at) => m.view.getFloat32(at, true), (m, at, value) => m.view.setFloat32(at, value, true), same, Number),
  f64: scalar(8, "f64", (m, at) => m.view.getFloat64(at, true), (m, at, value) => m.view.setFloat64(at, value, true), same, Number),
  char: scalar(
    4, "i32", (m, at) => character(m.view.getUint32(at, true)), (m, at, value) => m.view.setUint32(at, value.codePointAt(0), true),
    (v) => character(v >>> 0), (v) => v.codePointAt(0),
  ),
  string: sequence(
    (memory, at, length) => {
      memory.check(at, length, length);
      try {
        return decoder.decode(new Uint8Array(memory.buffer, at, length));
      } catch {
        return trap("a string that is not UTF-8");
      }
    },
    (memory, value) => {
      const bytes = encoder.encode(value);
      return [putBytes(memory, bytes, 1, 1), bytes.length];
    },
  ),
};

/** @param {number} code */
function character(code) {
  return code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? trap(`${code} is no character`) : String.fromCodePoint(code);
}

const TYPED_ARRAYS = new Map(
  Object.entries({
    u8: Uint8Array, s8: Int8Array, u16: Uint16Array, s16: Int16Array, u32: Uint32Array, s32: Int32Array,
    u64: BigUint64Array, s64: BigInt64Array, f32: Float32Array, f64: Float64Array,
  }).map(([name, TypedArray]) => [PRIMITIVE_TYPES[name], TypedArray]),
);

/**
 * A list of any length: its address and its length.
 *
 * @param {(memory: Memory, address: number, length: number) => any} get
 * @param {(memory: Memory, value: any) => [address: number, length: number]} put
 * @returns {Type}
 */
function sequence(get, put) {
  /** @param {Memory} memory @param {number} at @param {any} value */
  const store = (memory, at, value) => {
    const [address, length] = put(memory, value);
    memory.view.setUint32(at, address, true);
    memory.view.setUint32(at + 4, length, true);
  };
  return {
    size: 8,
    align: 4,
    flat: ["i32", "i32"],
    /** @param {Memory} memory @param {number} at */
    load: (memory, at) => get(memory, memory.view.getUint32(at, true), memory.view.getUint32(at + 4, true)),
    store,
    /** @param {Memory} memory @param {Cursor} values */
    lift: (memory, values) => get(memory, values.next() >>> 0, values.next() >>> 0),
    /** @param {Memory} memory @param {any} value @param {any[]} values */
    lower: (memory, value, values) => void values.push(...put(memory, value)),
  };
}

/** @param {Memory} memory @param {any} bytes @param {number} align @param {number} size */
function putBytes(memory, bytes, align, size) {
  const address = memory.allocate(size * bytes.length, align);
  new Uint8Array(memory.buffer, address, size * bytes.length).set(size === 1 ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return address;
}

/** @param {Type} element */
export function listType(element) {
  /** @type {any} */
  const TypedArray = TYPED_ARRAYS.get(element);
  const { size, align } = element;
  if (TypedArray) {
    return sequence(
      (memory, at, length) => {
        memory.check(at, length * size, 0);
        if (at % align) trap("a list that is not aligned");
        return length === 0 ? new TypedArray(0) : new TypedArray(memory.buffer, at, length);
      },
      (memory, value) => [putBytes(memory, value instanceof TypedArray ? value : TypedArray.from(value), align, size), value.length],
    );
  }
  return sequence(
    (memory, at, length) => {
      memory.check(at, length * size, length * Math.max(size, LEAST_VALUE));
      const values = [];
      for (let index = 0; index < length; index++) values.push(element.load(memory, at + index * size));
      return values;
    },
    (memory, value) => {
      const address = memory.allocate(value.length * size, align);
      value.forEach((/** @type {any} */ each, /** @type {number} */ index) => element.store(memory, address + index * size, each));
      return [address, value.length];
    },
  );
}

/** Offsets of fields that follow each other, each at its alignment. @param {Type[]} types */
function placed(types) {
  let size = 0;
  let align = 1;
  const offsets = types.map((type) => {
    const offset = up(size, type.align);
    size = offset + type.size;
    align = Math.max(align, type.align);
    return offset;
  });
  if (types.reduce((sum, { flat }) => sum + flat.length, 0) > MOST_FLAT) throw new SyntaxError("a type that is too large");
  return { offsets, size: up(size, align), align, flat: types.flatMap(({ flat }) => flat) };
}

/** @param {number} size @param {number} align */
function up(size, align) {
  return Math.ceil(size / align) * align;
}

/** @param {Type[]} types */
export function tupleType(types) {
  return fieldsType(types, [...types.keys()], () => []);
}

/** @param {{name: string, type: Type}[]} fields */
export function recordType(fields) {
  return fieldsType(fields.map(({ type }) => type), fields.map(({ name }) => camelCase(name)), () => ({}));
}

/**
 * Every call uses these functions, so they allocate nothing but the value.
 *
 * @param {Type[]} types
 * @param {(string | number)[]} keys
 * @param {() => any} empty
 * @returns {Type}
 */
function fieldsType(types, keys, empty) {
  const { offsets, ...layout } = placed(types);
  const count = types.length;
  return {
    ...layout,
    load(memory, at) {
      const value = empty();
      for (let i = 0; i < count; i++) value[keys[i]] = types[i].load(memory, at + offsets[i]);
      return value;
    },
    store(memory, at, value) {
      for (let i = 0; i < count; i++) types[i].store(memory, at + offsets[i], value[keys[i]]);
    },
    lift(memory, values) {
      const value = empty();
      for (let i = 0; i < count; i++) value[keys[i]] = types[i].lift(memory, values);
      return value;
    },
    lower(memory, value, values) {
      for (let i = 0; i < count; i++) types[i].lower(memory, value[keys[i]], values);
    },
  };
}

/** @param {string[]} names */
export function flagsType(names) {
  if (names.length > 32) throw new SyntaxError("more than 32 flags are not known here");
  const bits = PRIMITIVE_TYPES[names.length <= 8 ? "u8" : names.length <= 16 ? "u16" : "u32"];
  const keys = names.map(camelCase);
  return converted(
    bits,
    (number) => Object.fromEntries(keys.map((key, index) => [key, (number >>> index) % 2 === 1])),
    (value) => keys.reduce((number, key, index) => (value[key] ? number + 2 ** index : number), 0),
  );
}

/** @param {string[]} names */
export function enumType(names) {
  const numbers = new Map(names.map((name, index) => [name, index]));
  return unionType(names.map((name) => ({ name, type: null })), (index) => names[index], (name) => {
    const number = numbers.get(name);
    if (number === undefined) throw new TypeError(`${String(name)} is none of ${names.join(", ")}`);
    return [number];
  });
}

/**
 * A type whose values are converted for JavaScript.
 *
 * @param {Type} type
 * @param {(value: any) => any} fromCore
 * @param {(value: any) => any} toCore
 */
function converted(type, fromCore, toCore) {
  return {
    ...type,
    /** @param {Memory} memory @param {number} at */
    load: (memory, at) => fromCore(type.load(memory, at)),
    /** @param {Memory} memory @param {number} at @param {any} value */
    store: (memory, at, value) => type.store(memory, at, toCore(value)),
    /** @param {Memory} memory @param {Cursor} values */
    lift: (memory, values) => fromCore(type.lift(memory, values)),
    /** @param {Memory} memory @param {any} value @param {any[]} values */
    lower: (memory, value, values) => type.lower(memory, toCore(value), values),
  };
}

/** @param {number} count */
function discriminant(count) {
  return PRIMITIVE_TYPES[count <= 256 ? "u8" : count <= 65536 ? "u16" : "u32"];
}

/** @param {Case[]} cases */
export function variantType(cases) {
  const numbers = new Map(cases.map(({ name }, index) => [name, index]));
  return unionType(cases, (index, val) => (cases[index].type ? { tag: cases[index].name, val } : { tag: cases[index].name }), ({ tag, val }) => {
    const index = numbers.get(tag);
    if (index === undefined) throw new TypeError(`${String(tag)} is none of ${cases.map(({ name }) => name).join(", ")}`);
    return [index, val];
  });
}

/** @param {Type | null} ok @param {Type | null} err */
export function resultType(ok, err) {
  return { ...variantType([{ name: "ok", type: ok }, { name: "err", type: err }]), isResult: true };
}

/**
 * An option of an option is a variant: otherwise `none` and `some(none)` would both be undefined.
 *
 * @param {Type} type
 */
export function optionType(type) {
  const cases = [{ name: "none", type: null }, { name: "some", type }];
  if (type.isOption) return variantType(cases);
  return { ...unionType(cases, (index, val) => (index ? val : undefined), (value) => (value === undefined || value === null ? [0] : [1, value])), isOption: true };
}

/**
 * @param {Case[]} cases
 * @param {(index: number, value?: any) => any} make
 * @param {(value: any) => [index: number, value?: any]} take
 * @returns {Type}
 */
function unionType(cases, make, take) {
  const tag = discriminant(cases.length);
  const types = cases.map(({ type }) => type);
  const align = Math.max(tag.align, ...types.map((type) => type?.align ?? 1));
  const offset = up(tag.size, align);
  const size = up(offset + Math.max(...types.map((type) => type?.size ?? 0)), align);
  const joined = types.reduce(join, /** @type {CoreType[]} */ ([]));
  /** @param {number} index */
  const checked = (index) => (index < types.length ? index : trap(`${index} is none of ${types.length} cases`));
  return {
    size,
    align,
    flat: ["i32", ...joined],
    /** @param {Memory} memory @param {number} at */
    load(memory, at) {
      const index = checked(tag.load(memory, at));
      return make(index, types[index]?.load(memory, at + offset));
    },
    /** @param {Memory} memory @param {number} at @param {any} value */
    store(memory, at, value) {
      const [index, val] = take(value);
      tag.store(memory, at, index);
      types[index]?.store(memory, at + offset, val);
    },
    /** @param {Memory} memory @param {Cursor} values */
    lift(memory, values) {
      const index = checked(values.next() >>> 0);
      const { position } = values;
      const type = types[index];
      values.position += joined.length;
      if (!type) return make(index);
      const own = type.flat.map((core, i) => fromJoined(values.values[position + i], joined[i], core));
      return make(index, type.lift(memory, new Cursor(own)));
    },
    /** @param {Memory} memory @param {any} value @param {any[]} values */
    lower(memory, value, values) {
      const [index, val] = take(value);
      values.push(index);
      const type = types[index];
      const own = type ? lowerFlat(type, memory, val) : [];
      joined.forEach((core, i) => values.push(type && i < own.length ? toJoined(own[i], core, type.flat[i]) : core === "i64" ? 0n : 0));
    },
  };
}

/**
 * Core types that can pass values of either of two cases.
 *
 * @param {CoreType[]} flat
 * @param {Type | null} type
 */
function join(flat, type) {
  const other = type?.flat ?? [];
  return Array.from({ length: Math.max(flat.length, other.length) }, (_, i) => {
    const [a, b] = [flat[i] ?? other[i], other[i] ?? flat[i]];
    if (a === b) return a;
    return [a, b].every((core) => core === "i32" || core === "f32") ? "i32" : "i64";
  });
}

const bits = new DataView(new ArrayBuffer(8));

/** @param {any} value @param {CoreType} joined @param {CoreType} own */
function toJoined(value, joined, own) {
  if (joined === own) return value;
  if (own === "f32") bits.setFloat32(0, value, true);
  else if (own === "f64") bits.setFloat64(0, value, true);
  else bits.setInt32(0, value, true);
  if (joined === "i32") return bits.getInt32(0, true);
  return own === "f64" ? bits.getBigInt64(0, true) : BigInt(bits.getUint32(0, true));
}

/** @param {any} value @param {CoreType} joined @param {CoreType} own */
function fromJoined(value, joined, own) {
  if (joined === own) return value;
  if (joined === "i32") bits.setInt32(0, value, true);
  else bits.setBigInt64(0, value, true);
  if (own === "f32") return bits.getFloat32(0, true);
  return own === "f64" ? bits.getFloat64(0, true) : bits.getInt32(0, true);
}

/** @returns {string} A name of WIT as JavaScript spells it. @param {string} name */
export function camelCase(name) {
  return name.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}
