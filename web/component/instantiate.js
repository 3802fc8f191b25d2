/**
 * Runs WebAssembly components without transpiling them. A component's imports have the form that
 * jco's transpiled components take: an object for each interface, named with or without its
 * version. Its functions have names in camelCase, and its resources are classes. A function whose
 * type is a WIT result returns the value or throws an error's payload. It may also return
 * `{tag: "ok" | "err", val}`, which is faster.
 *
 * Not supported: asynchronous functions, streams and futures (WASI 0.3); strings that are not
 * UTF-8; a component's resources that JavaScript holds.
 */

import { DROP } from "../dispose.js";
import {
  Memory, PRIMITIVE_TYPES, camelCase, enumType, flagsType, liftFunction, listType, lowerFunction, optionType, recordType, resultType, signature,
  trap, tupleType, variantType,
} from "./abi.js";
import {
  COMPONENT_SORT, CORE_FUNC, CORE_INSTANCE, CORE_MEMORY, CORE_MODULE_SORT, FUNC, INSTANCE, TYPE, parseComponent,
} from "./binary.js";
import { Handles, borrowType, ownType } from "./handles.js";

/**
 * @import { Call, Signature, Type, Use } from "./abi.js"
 * @import { Definition } from "./binary.js"
 * @import { Resource } from "./handles.js"
 */

/**
 * A component whose core modules are compiled. It can be instantiated many times and sent to other
 * threads.
 */
export class Component {
  /**
   * @param {import("./binary.js").Definition[]} definitions The definitions of parseComponent(),
   *   with a compiled `module` in place of the bytes of each core module.
   */
  constructor(definitions) {
    this.definitions = definitions;
  }

  /**
   * @param {Uint8Array | ArrayBuffer} bytes
   * @returns {Promise<Component>}
   */
  static async compile(bytes) {
    return new Component(await compiled(parseComponent(new Uint8Array(bytes))));
  }

  /**
   * @param {Record<string, object>} imports The interfaces, by name.
   * @param {object} [options]
   * @param {(name: string) => boolean} [options.suspends] Says for a name `interface#function`
   *   whether that imported function may return a promise. WebAssembly then waits for the promise
   *   (JSPI), and all exported functions return promises.
   * @param {(name: string, functions: Record<string, object>) => Record<string, object>}
   *   [options.between] Wraps calls between the components inside this one. It gets the functions
   *   that one component exports to another, and returns the functions that the other one calls.
   * @returns {Record<string, any>} The component's exports, by names without versions.
   */
  instantiate(imports, { suspends, between } = {}) {
    const instance = new Instance({ suspends, between });
    instance.imports = (name, type) => hostImport(name, type, imports, instance);
    return published(instance.run(this.definitions));
  }
}

/** @param {Definition[]} definitions @returns {Promise<Definition[]>} */
async function compiled(definitions) {
  return Promise.all(
    definitions.map(async (definition) => {
      if (definition.op === "module") return { op: "module", module: await WebAssembly.compile(definition.bytes) };
      return definition.op === "component" ? { op: "component", definitions: await compiled(definition.definitions) } : definition;
    }),
  );
}

/**
 * @typedef {object} Options
 * @property {(name: string) => boolean} [suspends] Whether the imported function
 *   `interface#function` may return a promise.
 * @property {(name: string, functions: Record<string, any>) => Record<string, any>} [between]
 *   Wraps calls between the components inside this one.
 */

/** JavaScript Promise Integration (JSPI), where WebAssembly has it. */
const { Suspending, promising } = /** @type {any} */ (WebAssembly);

/**
 * One instance of a component: its handles and its index spaces. The definitions fill the index
 * spaces in order.
 */
class Instance {
  /** @type {Map<number, any[]>} */
  #spaces = new Map();
  /** @type {Map<string, Memory>} */
  #memories = new Map();
  #handles = new Handles();
  #options;
  /** @type {Record<string, any>} */
  exports = dictionary([]);
  /**
   * Looks up an import. @type
   * {(name: string, type: {sort: number, index: number | null}) => object}
   */
  imports = () => ({});

  /** @param {Options} options @param {Instance | null} [parent] */
  constructor(options, parent = null) {
    this.#options = options;
    this.parent = parent;
  }

  /** @param {Definition[]} definitions */
  run(definitions) {
    for (const definition of definitions) this.#define(definition);
    return this.exports;
  }

  /** @param {number} sort @param {number} index */
  get(sort, index) {
    const space = this.#space(sort);
    if (index >= space.length) throw new SyntaxError(`a component that refers to what it does not have`);
    return space[index];
  }

  /** @param {number} sort */
  #space(sort) {
    let space = this.#spaces.get(sort);
    if (!space) this.#spaces.set(sort, (space = []));
    return space;
  }

  /** @param {number} sort @param {any} thing */
  #add(sort, thing) {
    this.#space(sort).push(thing);
  }

  /** @param {Definition} definition */
  #define(definition) {
    const { op } = definition;
    switch (op) {
      case "module":
        return this.#add(CORE_MODULE_SORT, definition.module);
      case "component":
        return this.#add(COMPONENT_SORT, definition.definitions);
      case "core instance":
        return this.#add(CORE_INSTANCE, this.#coreInstance(definition));
      case "core instance of":
        return this.#add(CORE_INSTANCE, this.#named(definition.exports));
      case "core alias":
        return this.#add(definition.sort, exported(this.get(CORE_INSTANCE, definition.instance), definition.name));
      case "instance":
        return this.#add(INSTANCE, this.#instance(definition));
      case "instance of":
        return this.#add(INSTANCE, this.#named(definition.exports));
      case "import": {
        const { name, type } = definition;
        return this.#add(type.sort, this.imports(name, type));
      }
      case "export": {
        const { name, item } = definition;
        this.exports[name] = this.get(item.sort, item.index);
        return this.#add(item.sort, this.exports[name]);
      }
      case "lower":
        return this.#add(CORE_FUNC, this.#lower(definition));
      case "lift":
        return this.#add(FUNC, this.#lift(definition));
      case "resource new":
        return this.#add(CORE_FUNC, this.#resourceNew(this.get(TYPE, definition.type)));
      case "resource rep":
        return this.#add(CORE_FUNC, this.#resourceRep(this.get(TYPE, definition.type)));
      case "resource drop":
        return this.#add(CORE_FUNC, this.#resourceDrop(this.get(TYPE, definition.type)));
      case "alias":
        return this.#add(definition.sort, exported(this.get(INSTANCE, definition.instance), definition.name));
      case "outer alias":
        return this.#add(definition.sort, this.outer(definition));
      default:
        return this.#add(TYPE, this.type(definition));
    }
  }

  /** @param {Definition} definition */
  outer({ sort, levels, index }) {
    /** @type {Instance | null} */
    let instance = this;
    for (let i = 0; i < levels; i++) instance = instance?.parent ?? null;
    if (!instance) throw new SyntaxError("a component that refers to what is not around it");
    return instance.get(sort, index);
  }

  /** @param {{name: string, item: {sort: number, index: number}}[]} exports */
  #named(exports) {
    return dictionary(exports.map(({ name, item }) => [name, this.get(item.sort, item.index)]));
  }

  /** @param {Definition} options */
  #coreInstance({ module, args }) {
    const imports = dictionary(args.map((/** @type {{name: string, instance: number}} */ { name, instance }) => [name, this.get(CORE_INSTANCE, instance)]));
    return new WebAssembly.Instance(this.get(CORE_MODULE_SORT, module), imports).exports;
  }

  /** @param {Definition} options */
  #instance({ component, args }) {
    const instance = new Instance(this.#options, this);
    const { between = (name, functions) => functions } = this.#options;
    const given = this.#named(args);
    // Types are given too, and stay the objects that they are.
    for (const { name, item } of args) if (item.sort === INSTANCE) given[name] = dictionary(Object.entries(between(name, given[name])));
    instance.imports = (/** @type {string} */ name) => {
      if (!(name in given)) throw new TypeError(`a component is instantiated without ${name}`);
      return given[name];
    };
    return instance.run(this.get(COMPONENT_SORT, component));
  }

  /**
   * A type of a definition: its values' layout, or a description of a function or an instance.
   *
   * @param {Definition} definition
   */
  type(definition) {
    /** @param {any} type */
    const of = (type) => (type === null ? null : typeof type === "string" ? PRIMITIVE_TYPES[type] : this.get(TYPE, type));
    switch (definition.op) {
      case "primitive":
        return PRIMITIVE_TYPES[definition.name];
      case "record":
        nonEmpty(definition.fields);
        return recordType(definition.fields.map((/** @type {any} */ { name, type }) => ({ name, type: of(type) })));
      case "variant":
        return variantType(definition.cases.map((/** @type {any} */ { name, type }) => ({ name, type: of(type) })));
      case "list":
        return listType(of(definition.element));
      case "tuple":
        nonEmpty(definition.types);
        return tupleType(definition.types.map(of));
      case "flags":
        return flagsType(definition.names);
      case "enum":
        return enumType(definition.names);
      case "option":
        return optionType(of(definition.type));
      case "result":
        return resultType(of(definition.ok), of(definition.err));
      case "own":
        return ownType(this.get(TYPE, definition.resource));
      case "borrow":
        return borrowType(this.get(TYPE, definition.resource));
      case "resource":
        return { dtor: definition.dtor === null ? null : this.get(CORE_FUNC, definition.dtor), handles: this.#handles };
      case "func":
        return signature(definition.params.map((/** @type {any} */ { type }) => of(type)), of(definition.result));
      case "instance type":
      case "component type":
        return { declarations: definition.declarations, parent: this };
    }
    throw new SyntaxError(`${definition.op} is not known here`);
  }

  /**
   * The memory in the options of a canonical function.
   *
   * @param {{memory?: number, realloc?: number}} options
   */
  #memory({ memory, realloc }) {
    const key = `${memory} ${realloc}`;
    let found = this.#memories.get(key);
    if (!found) {
      /** @param {number} sort @param {number | undefined} index */
      const named = (sort, index) => (index === undefined ? null : this.get(sort, index));
      found = new Memory(named(CORE_MEMORY, memory), named(CORE_FUNC, realloc), this.#handles);
      this.#memories.set(key, found);
    }
    return found;
  }

  /**
   * A core function that calls a function of another component, or of the host.
   *
   * @param {Definition} options
   */
  #lower({ func, options }) {
    const { types, call, suspends } = this.get(FUNC, func);
    const lowered = lowerFunction(types, this.#memory(Object.fromEntries(options)), call);
    return suspends ? new Suspending(lowered) : lowered;
  }

  /** A function of this component that others call. @param {Definition} options */
  #lift({ func, options, type }) {
    const { postReturn, ...where } = Object.fromEntries(options);
    const types = this.get(TYPE, type);
    /** @param {Function} core */
    const lifted = (core) => liftFunction(types, this.#memory(where), core, postReturn === undefined ? null : this.get(CORE_FUNC, postReturn));
    const core = this.get(CORE_FUNC, func);
    return { types, call: lifted(core), entry: () => lifted(this.#options.suspends ? promising(core) : core) };
  }

  /** @param {Resource} resource */
  #resourceNew(resource) {
    return (/** @type {any} */ rep) => this.#handles.add(rep, resource, true);
  }

  /** @param {Resource} resource */
  #resourceRep(resource) {
    return (/** @type {number} */ handle) => this.#handles.get(handle, resource).rep;
  }

  /** @param {Resource} resource */
  #resourceDrop(resource) {
    return (/** @type {number} */ handle) => {
      const { rep, own } = this.#handles.remove(handle, resource);
      if (!own) return;
      if (resource.handles) resource.dtor?.(rep);
      else rep[DROP]?.();
    };
  }

  /**
   * The host's functions and resources for an interface.
   *
   * @param {string} name
   * @param {{declarations: Definition[]}} type
   * @param {any} given
   */
  hostInstance(name, { declarations }, given, prefix = name) {
    const scope = new Instance(this.#options, this);
    for (const definition of declarations) {
      const { op, type } = definition;
      if (op !== "declare") scope.#define(definition);
      else if (type.sort === TYPE) scope.#declare(definition.name, TYPE, type.index === null ? {} : scope.get(TYPE, type.index));
      else if (type.sort === FUNC) scope.#declare(definition.name, FUNC, this.hostFunction(definition.name, scope.get(TYPE, type.index), given, `${prefix}#${definition.name}`));
      else throw new SyntaxError(`${name} has what is not known here`);
    }
    return scope.exports;
  }

  /** @param {string} name @param {number} sort @param {any} thing */
  #declare(name, sort, thing) {
    this.#add(sort, thing);
    this.exports[name] = thing;
  }

  /** @param {string} name @param {Signature} types @param {any} given @param {string} fullName */
  hostFunction(name, types, given, fullName) {
    const suspends = this.#options.suspends?.(fullName) ?? false;
    return { types, suspends, call: hostCall(hostMember(name, given), types.result?.isResult ?? false, suspends) };
  }
}

/** A list of values of no size would have no end. @param {any[]} parts */
function nonEmpty(parts) {
  if (parts.length === 0) throw new SyntaxError("a type of nothing");
}

/**
 * A function of an interface by its name, as `(args) => result`. A missing function throws when it
 * is called.
 *
 * @param {string} name
 * @param {any} given
 * @returns {(args: any[]) => any}
 */
function hostMember(name, given) {
  const [, kind, rest] = /** @type {RegExpExecArray} */ (/^(?:\[(\w+)\])?(.*)$/.exec(name));
  if (!kind) {
    const key = camelCase(rest);
    return (/** @type {any[]} */ args) => having(given, key)[key](...args);
  }
  const [resource, member] = rest.split(".");
  const key = camelCase(member ?? "");
  const owner = camelCase(`-${resource}`);
  if (kind === "method") return ([self, ...args]) => (self instanceof having(given, owner)[owner] ? having(self, key)[key](...args) : trap(`this is no ${resource}`));
  if (kind === "static") return (/** @type {any[]} */ args) => having(given[owner], key)[key](...args);
  return (/** @type {any[]} */ args) => new (having(given, owner)[owner])(...args);
}

/**
 * An object of the host, if the host has given it such a member. What JavaScript gives to every
 * object is in no interface: by `constructor` a component would run JavaScript of its own.
 *
 * @param {any} object
 * @param {string} key
 */
function having(object, key) {
  for (let at = object; at && at !== Object.prototype && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, key) && key !== "constructor") return object;
  }
  throw new TypeError(`the host has no ${key}`);
}

/**
 * An object that has these properties and inherits none.
 *
 * @param {[name: string, value: any][]} entries
 * @returns {Record<string, any>}
 */
function dictionary(entries) {
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}

/**
 * What an instance exports. Nothing else is an instance. @param {any} instance @param {string} name
 */
function exported(instance, name) {
  if (typeof instance !== "object" || Object.getPrototypeOf(instance) !== null || !(name in instance)) {
    throw new SyntaxError("a component that refers to what it does not have");
  }
  return instance[name];
}

/**
 * @param {(args: any[]) => any} member
 * @param {boolean} isResult
 * @param {boolean} suspends
 * @returns {Call}
 */
function hostCall(member, isResult, suspends) {
  if (!isResult) return (args, use) => settled(suspends, member(args), use);
  /** @param {Use} use */
  const succeeded = (/** @type {Use} */ use) => (/** @type {any} */ value) => use(asResult(value));
  return (args, use) => {
    let value;
    try {
      value = member(args);
    } catch (thrown) {
      return use(failure(thrown));
    }
    return settled(suspends, value, succeeded(use), (thrown) => use(failure(thrown)));
  };
}

/**
 * Passes a value, or a promise's value, to `use`.
 *
 * @param {boolean} suspends
 * @param {any} value
 * @param {Use} use
 * @param {Use} [failed]
 */
function settled(suspends, value, use, failed) {
  return suspends && typeof value?.then === "function" ? value.then(use, failed) : use(value);
}

/** @param {any} value */
function asResult(value) {
  return value !== null && typeof value === "object" && (value.tag === "ok" || value.tag === "err") ? value : { tag: "ok", val: value };
}

/**
 * A thrown payload as the error of a WIT result. An Error without a payload is not one, and ends
 * the program.
 *
 * @param {unknown} thrown
 */
function failure(thrown) {
  if (!(thrown instanceof Error)) return { tag: "err", val: thrown };
  if (!Object.hasOwn(thrown, "payload")) throw thrown;
  return { tag: "err", val: Reflect.get(thrown, "payload") };
}

/**
 * @param {string} name
 * @param {{sort: number, index: number | null}} type
 * @param {Record<string, any>} imports
 * @param {Instance} instance
 */
function hostImport(name, { sort, index }, imports, instance) {
  const given = [name, unversioned(name)].filter((each) => Object.hasOwn(imports, each)).map((each) => imports[each])[0];
  if (index === null) throw new SyntaxError(`the import ${name} is of a kind that is not known here`);
  if (sort === INSTANCE) {
    if (!given) throw new TypeError(`nothing is given for the import ${name}`);
    return instance.hostInstance(name, instance.get(TYPE, index), given);
  }
  if (sort === FUNC) return instance.hostFunction(name, instance.get(TYPE, index), imports, name);
  if (sort === TYPE) return instance.get(TYPE, index);
  throw new SyntaxError(`the import ${name} is of a kind that is not known here`);
}

/** @param {string} name */
function unversioned(name) {
  return name.replace(/@.*/, "");
}

/** A component's exports for JavaScript. @param {Record<string, any>} exports */
function published(exports) {
  /** @param {any} thing @returns {any} */
  const publish = (thing) => {
    if (typeof thing?.entry === "function") return functionOf(thing.entry(), thing.types);
    return Object.fromEntries(Object.entries(thing).filter(([, it]) => it.entry).map(([name, it]) => [camelCase(name), publish(it)]));
  };
  return Object.fromEntries(Object.entries(exports).map(([name, thing]) => [unversioned(name), publish(thing)]));
}

/** @param {Call} call @param {Signature} types */
function functionOf(call, { result }) {
  /** @param {any} value */
  const returned = (value) => {
    if (!result?.isResult) return kept(value);
    if (value.tag === "ok") return kept(value.val);
    throw Object.assign(new Error("the component's function failed"), { payload: kept(value.val) });
  };
  return (/** @type {any[]} */ ...args) => call(args, returned);
}

/** A value whose views of memory are replaced by copies. @param {any} value @returns {any} */
function kept(value) {
  if (ArrayBuffer.isView(value)) return /** @type {Uint8Array} */ (value).slice();
  if (Array.isArray(value)) return value.map(kept);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, kept(each)]));
}
