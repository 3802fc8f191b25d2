/**
 * The encoding of components, except for asynchronous functions. The result is a list of
 * definitions in their order, for instantiate.js. See Binary.md of the component model.
 */

import { Reader } from "./reader.js";

/** Numbers of the sections. */
const CORE_MODULE = 1;
const CORE_INSTANCES = 2;
const CORE_TYPES = 3;
const COMPONENT = 4;
const INSTANCES = 5;
const ALIASES = 6;
const TYPES = 7;
const CANONICALS = 8;
const IMPORTS = 10;
const EXPORTS = 11;

/**
 * Sorts of definitions. Each sort has its own indices. 0x100 is added to the sorts of core wasm.
 */
export const CORE_FUNC = 0x100;
export const CORE_MEMORY = 0x102;
export const CORE_MODULE_SORT = 0x111;
export const CORE_INSTANCE = 0x112;
export const FUNC = 0x01;
export const TYPE = 0x03;
export const COMPONENT_SORT = 0x04;
export const INSTANCE = 0x05;

const PRIMITIVES = new Map([
  [0x7f, "bool"], [0x7e, "s8"], [0x7d, "u8"], [0x7c, "s16"], [0x7b, "u16"], [0x7a, "s32"], [0x79, "u32"], [0x78, "s64"],
  [0x77, "u64"], [0x76, "f32"], [0x75, "f64"], [0x74, "char"], [0x73, "string"],
]);

const COMPONENT_VERSION = 0x0001000d;

/**
 * @typedef {{op: string, [detail: string]: any}} Definition
 *
 * @param {Uint8Array} bytes A component.
 * @returns {Definition[]} The component's definitions, imports and exports.
 */
export function parseComponent(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0) !== 0x0061736d) throw new SyntaxError("this is no WebAssembly");
  if (view.getUint32(4, true) !== COMPONENT_VERSION) throw new SyntaxError("this is no WebAssembly component");
  const reader = new Reader(bytes.subarray(8));
  const definitions = [];
  while (!reader.atEnd) {
    const id = reader.byte();
    const contents = reader.take(reader.unsigned());
    if (id === CORE_MODULE) definitions.push({ op: "module", bytes: contents });
    else if (id === COMPONENT) definitions.push({ op: "component", definitions: parseComponent(contents) });
    else if (id in VECTORS) definitions.push(...new Reader(contents).vector(VECTORS[id]));
    else if (id !== 0) throw new SyntaxError(`section ${id} of a component is not known here`);
  }
  return definitions;
}

/** @type {Record<number, (reader: Reader) => Definition>} */
const VECTORS = {
  [CORE_INSTANCES]: coreInstance,
  [CORE_TYPES]: unknown("a core type"),
  [INSTANCES]: instance,
  [ALIASES]: alias,
  [TYPES]: type,
  [CANONICALS]: canonical,
  /** @param {Reader} reader */
  [IMPORTS]: (reader) => ({ op: "import", name: externName(reader), type: externType(reader) }),
  /** @param {Reader} reader */
  [EXPORTS]: (reader) => {
    const definition = { op: "export", name: externName(reader), item: item(reader) };
    if (reader.byte() === 1) externType(reader);
    return definition;
  },
};

/** @param {string} what */
function unknown(what) {
  return () => {
    throw new SyntaxError(`${what} is not known here`);
  };
}

/** @param {Reader} reader */
function coreInstance(reader) {
  if (reader.byte() === 1) return { op: "core instance of", exports: reader.vector(() => ({ name: reader.name(), item: coreItem(reader) })) };
  const module = reader.unsigned();
  const args = reader.vector(() => ({ name: reader.name(), instance: (reader.byte(), reader.unsigned()) }));
  return { op: "core instance", module, args };
}

/** @param {Reader} reader */
function instance(reader) {
  if (reader.byte() === 1) return { op: "instance of", exports: reader.vector(() => ({ name: externName(reader), item: item(reader) })) };
  const component = reader.unsigned();
  return { op: "instance", component, args: reader.vector(() => ({ name: reader.name(), item: item(reader) })) };
}

/** @param {Reader} reader */
function alias(reader) {
  const kind = sort(reader);
  const target = reader.byte();
  const [first, second] = target === 2 ? [reader.unsigned(), reader.unsigned()] : [reader.unsigned(), reader.name()];
  if (target === 0) return { op: "alias", sort: kind, instance: first, name: second };
  if (target === 1) return { op: "core alias", sort: kind, instance: first, name: second };
  return { op: "outer alias", sort: kind, levels: first, index: second };
}

/** @param {Reader} reader */
function canonical(reader) {
  const kind = reader.byte();
  if (kind === 0 || kind === 1) {
    reader.byte();
    const func = reader.unsigned();
    const options = reader.vector(option);
    return kind === 0 ? { op: "lift", func, options, type: reader.unsigned() } : { op: "lower", func, options };
  }
  if (kind >= 2 && kind <= 4) return { op: ["resource new", "resource drop", "resource rep"][kind - 2], type: reader.unsigned() };
  throw new SyntaxError(`canonical function 0x${kind.toString(16)} is not known here`);
}

/** @param {Reader} reader */
function option(reader) {
  const kind = reader.byte();
  if (kind === 0) return ["utf8"];
  const name = { 3: "memory", 4: "realloc", 5: "postReturn" }[kind];
  if (!name) throw new SyntaxError(`option 0x${kind.toString(16)} of a canonical function is not known here`);
  return [name, reader.unsigned()];
}

/**
 * A definition of a type. A `valueType` in it is the name of a primitive type or the index of a
 * type.
 *
 * @param {Reader} reader
 */
function type(reader) {
  const code = reader.byte();
  switch (code) {
    case 0x3f:
      reader.byte();
      return { op: "resource", dtor: reader.byte() === 1 ? reader.unsigned() : null };
    case 0x40:
      return { op: "func", params: reader.vector(labelled), result: reader.byte() === 0 ? valueType(reader) : (reader.byte(), null) };
    case 0x41:
      return { op: "component type", declarations: reader.vector((it) => (it.bytes[it.position] === 3 ? (it.byte(), { name: externName(it), type: externType(it) }) : declaration(it))) };
    case 0x42:
      return { op: "instance type", declarations: reader.vector(declaration) };
    case 0x72:
      return { op: "record", fields: reader.vector(labelled) };
    case 0x71:
      return { op: "variant", cases: reader.vector((it) => ({ name: it.name(), type: optional(it, valueType), ...(it.byte(), {}) })) };
    case 0x70:
      return { op: "list", element: valueType(reader) };
    case 0x6f:
      return { op: "tuple", types: reader.vector(valueType) };
    case 0x6e:
      return { op: "flags", names: reader.vector((it) => it.name()) };
    case 0x6d:
      return { op: "enum", names: reader.vector((it) => it.name()) };
    case 0x6b:
      return { op: "option", type: valueType(reader) };
    case 0x6a:
      return { op: "result", ok: optional(reader, valueType), err: optional(reader, valueType) };
    case 0x69:
      return { op: "own", resource: reader.unsigned() };
    case 0x68:
      return { op: "borrow", resource: reader.unsigned() };
  }
  if (PRIMITIVES.has(code)) return { op: "primitive", name: PRIMITIVES.get(code) };
  throw new SyntaxError(`type 0x${code.toString(16)} is not known here`);
}

/** @param {Reader} reader @returns {Definition} */
function declaration(reader) {
  const kind = reader.byte();
  if (kind === 1) return type(reader);
  if (kind === 2) return alias(reader);
  if (kind === 4) return { op: "declare", name: externName(reader), type: externType(reader) };
  throw new SyntaxError(`declaration 0x${kind.toString(16)} is not known here`);
}

/** @param {Reader} reader */
function labelled(reader) {
  return { name: reader.name(), type: valueType(reader) };
}

/**
 * @template T
 * @param {Reader} reader
 * @param {(reader: Reader) => T} read
 */
function optional(reader, read) {
  return reader.byte() === 1 ? read(reader) : null;
}

/** @param {Reader} reader */
function valueType(reader) {
  const code = reader.bytes[reader.position];
  if (PRIMITIVES.has(code)) return reader.byte(), PRIMITIVES.get(code);
  return reader.unsigned(); // a signed number that is not negative, and below 2^6 or longer than a byte
}

/** @param {Reader} reader */
function externType(reader) {
  const kind = reader.byte();
  if (kind === TYPE) return reader.byte() === 0 ? { sort: TYPE, index: reader.unsigned() } : { sort: TYPE, index: null };
  if (kind === 0) reader.byte();
  return { sort: kind === 0 ? CORE_MODULE_SORT : kind, index: reader.unsigned() };
}

/** @param {Reader} reader */
function externName(reader) {
  if (reader.byte() > 1) throw new SyntaxError("a name with a suffix is not known here");
  return reader.name();
}

/** @param {Reader} reader */
function sort(reader) {
  const kind = reader.byte();
  return kind === 0 ? 0x100 + reader.byte() : kind;
}

/** @param {Reader} reader */
function item(reader) {
  return { sort: sort(reader), index: reader.unsigned() };
}

/** @param {Reader} reader */
function coreItem(reader) {
  return { sort: 0x100 + reader.byte(), index: reader.unsigned() };
}
