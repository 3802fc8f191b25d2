/**
 * What a component may not do, whatever it holds: pass values that the canonical ABI does not
 * allow, and reach JavaScript that no interface names.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Memory, PRIMITIVE_TYPES, enumType, listType, lowerFunction, optionType, recordType, resultType, signature, variantType } from "../../web/component/abi.js";
import { CORE_FUNC, CORE_INSTANCE, FUNC, INSTANCE } from "../../web/component/binary.js";
import { Handles, borrowType, ownType } from "../../web/component/handles.js";
import { Component } from "../../web/component/instantiate.js";
import { randomInterfaces } from "../../web/wasi/random.js";
import { OutputStream } from "../../web/wasi/streams.js";

const { u8, u32, char, string } = PRIMITIVE_TYPES;
const TRAP = { name: "RuntimeError" };

/**
 * A function of the host with one parameter, as a component calls it, and what it was given.
 *
 * @param {import("../../web/component/abi.js").Type} type
 */
function host(type) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const handles = new Handles();
  /** @type {any[]} */
  const given = [];
  const call = lowerFunction(signature([type], null), new Memory(memory, () => 0, handles), ([value]) => void given.push(value));
  return { call, given, handles, bytes: new Uint8Array(memory.buffer), words: new Uint32Array(memory.buffer) };
}

test("a case that a type does not have is a trap", () => {
  for (const type of [enumType(["a", "b"]), optionType(u32), resultType(null, u32), variantType([{ name: "a", type: null }, { name: "b", type: u32 }])]) {
    const { call, given, words } = host(type);
    for (const number of [2, 256, -1, -2147483648]) assert.throws(() => call(number, 0), TRAP);
    const { call: callList, bytes } = host(listType(type));
    bytes[8] = 2;
    assert.throws(() => callList(8, 1), TRAP);
    call(1, 7);
    assert.equal(given.length, 1, String(words[0]));
  }
});

test("a character that there is not, and a string that is not UTF-8, are traps", () => {
  for (const code of [0xd800, 0xdfff, 0x110000, -1]) assert.throws(() => host(char).call(code), TRAP);
  const { call, given, bytes } = host(string);
  bytes.set([0xff, 0x61]);
  assert.throws(() => call(0, 2), TRAP);
  call(1, 1);
  assert.deepEqual(given, ["a"]);
});

test("strings and lists lie in the memory, or are a trap", () => {
  for (const type of [string, listType(u8), listType(u32), listType(string), listType(recordType([{ name: "a", type: u8 }]))]) {
    const { call, given } = host(type);
    for (const [at, length] of [[65536, 1], [65532, 8], [0, -1], [-4, 1], [-4, 4], [0, 2 ** 31]]) assert.throws(() => call(at, length), TRAP, `${at} ${length}`);
    assert.deepEqual(given, []);
  }
  assert.throws(() => host(listType(u32)).call(2, 1), TRAP);
});

test("lists that share memory take no more than the host allows", () => {
  const { call, words } = host(listType(string));
  for (let i = 0; i < words.length; i += 2) words.set([0, 65536], i);
  assert.throws(() => call(0, 8192), { ...TRAP, message: /too large/ });
  const nested = host(listType(listType(listType(string))));
  for (let i = 0; i < words.length; i += 2) nested.words.set([0, 8192], i);
  assert.throws(() => nested.call(0, 8192), { ...TRAP, message: /too large/ });
});

test("a handle is one of the component's, of its type, and its own where it is passed on", () => {
  const resource = {};
  const { call, handles, given } = host(ownType(resource));
  const [own, borrowed, other] = [handles.add("own", resource, true), handles.add("borrowed", resource, false), handles.add("other", {}, true)];
  for (const handle of [0, -1, 99, borrowed, other]) assert.throws(() => call(handle), TRAP);
  call(own);
  assert.throws(() => call(own), TRAP);
  assert.deepEqual(given, ["own"]);
  assert.throws(() => host(borrowType(resource)).call(1), TRAP);
});

test("a component has its host make no more bytes than there is room for", () => {
  /** @type {number[]} */
  const written = [];
  class Output extends OutputStream {
    checkWrite = () => 10n;
    write = (/** @type {Uint8Array} */ bytes) => void written.push(bytes.length);
  }
  const output = new Output();
  output.writeZeroes(10n);
  output.blockingWriteZeroesAndFlush(10n);
  assert.deepEqual(written, [10, 10]);
  const { getRandomBytes } = randomInterfaces()["wasi:random/random"];
  assert.equal(getRandomBytes(100n).length, 100);
  for (const length of [2n ** 32n, 2n ** 64n - 1n]) {
    for (const call of [() => output.writeZeroes(length), () => output.blockingWriteZeroesAndFlush(length), () => getRandomBytes(length)]) assert.throws(call, RangeError);
  }
});

/**
 * A core module whose start is a function that it imports. @param {string} module @param {string}
 * name
 */
function starting(module, name) {
  const text = (/** @type {string} */ it) => [it.length, ...new TextEncoder().encode(it)];
  const section = (/** @type {number} */ id, /** @type {number[]} */ ...bytes) => [id, bytes.length, ...bytes];
  const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(1, 1, 0x60, 0, 0), ...section(2, 1, ...text(module), ...text(name), 0, 0), ...section(8, 0)];
  return { op: "module", module: new WebAssembly.Module(Uint8Array.from(bytes)) };
}

/** An import of an interface that is said to have a function. @param {string} name */
function hostType(name) {
  const declarations = [{ op: "func", params: [], result: null }, { op: "declare", name, type: { sort: FUNC, index: 0 } }];
  return [{ op: "instance type", declarations }, { op: "import", name: "test:test/host", type: { sort: INSTANCE, index: 0 } }];
}

/**
 * Calls a function that an interface of the host is said to have.
 *
 * @param {string} name
 * @param {Record<string, object>} imports
 */
function callHost(name, imports) {
  return new Component([
    ...hostType(name),
    { op: "alias", sort: FUNC, instance: 0, name },
    { op: "lower", func: 0, options: [] },
    { op: "core instance of", exports: [{ name: "f", item: { sort: CORE_FUNC, index: 0 } }] },
    starting("m", "f"),
    { op: "core instance", module: 0, args: [{ name: "m", instance: 0 }] },
  ]).instantiate(imports);
}

test("a component calls what its host gives to it, and nothing that JavaScript gives to every object", () => {
  /** @type {string[]} */
  const called = [];
  class Thing {
    static make() {
      called.push("make");
    }
  }
  class More extends Thing {}
  const imports = { "test:test/host": { Thing, More, run: () => void called.push("run") } };
  callHost("run", imports);
  callHost("[static]more.make", imports);
  assert.deepEqual(called, ["run", "make"]);
  for (const name of ["constructor", "valueOf", "to-string", "__defineGetter__", "[static]thing.constructor", "[static]thing.bind", "[constructor]nothing", "[method]nothing.run"]) {
    assert.throws(() => callHost(name, imports), { name: "TypeError", message: /^the host has no / }, name);
  }
});

test("a component finds no JavaScript where it looks for imports and exports", () => {
  const [core, instance] = [{ op: "core instance of", exports: [] }, { op: "instance of", exports: [] }];
  for (const [name, ...definitions] of /** @type {[string, ...any[]][]} */ ([
    ["Function", starting("constructor", "constructor"), { op: "core instance", module: 0, args: [] }],
    ["Object", core, { op: "core alias", sort: CORE_FUNC, instance: 0, name: "constructor" }],
    ["Object", core, { op: "core alias", sort: CORE_INSTANCE, instance: 0, name: "toString" }],
    ["Object", instance, { op: "alias", sort: FUNC, instance: 0, name: "constructor" }],
    ["a host's function", ...hostType("run"), { op: "alias", sort: INSTANCE, instance: 0, name: "run" }, { op: "alias", sort: CORE_FUNC, instance: 1, name: "call" }],
    ["Object", { op: "instance type", declarations: [] }, { op: "import", name: "constructor", type: { sort: INSTANCE, index: 0 } }],
    ["Object", { op: "component", definitions: [{ op: "instance type", declarations: [] }, { op: "import", name: "constructor", type: { sort: INSTANCE, index: 0 } }] }, { op: "instance", component: 0, args: [] }],
  ])) {
    assert.throws(() => new Component(definitions).instantiate({ "test:test/host": { run() {} } }), (/** @type {any} */ error) => ["TypeError", "SyntaxError"].includes(error.name), name);
  }
});
