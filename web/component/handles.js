/** The resources that an instance of a component holds, by the numbers that it knows them by. */

import { PRIMITIVE_TYPES, scalar } from "./abi.js";

/**
 * @typedef {{rep: any, resource: object, own: boolean}} Entry `rep` is the host's object, or a
 *   number of the component that made it.
 */

export class Handles {
  /** @type {(Entry | undefined)[]} Handles begin with 1. */
  #entries = [undefined];
  #free = [];

  /** @returns {number} The new handle. */
  add(rep, resource, own) {
    const handle = this.#free.pop() ?? this.#entries.length;
    this.#entries[handle] = { rep, resource, own };
    return handle;
  }

  /** @returns {Entry} */
  get(handle, resource) {
    const entry = this.#entries[handle];
    if (entry?.resource !== resource) throw new WebAssembly.RuntimeError(`${handle} is no handle of such a resource`);
    return entry;
  }

  /** @returns {Entry} It, which the instance has no more. */
  remove(handle, resource) {
    const entry = this.get(handle, resource);
    this.#entries[handle] = undefined;
    this.#free.push(handle);
    return entry;
  }
}

/** A handle that goes over to whom it is passed. */
export function ownType(resource) {
  return handleType(
    (handle, { handles }) => handles.remove(handle, resource).rep,
    (rep, { handles }) => handles.add(rep, resource, true),
  );
}

/**
 * A handle that is lent for a call. The component that made the resource gets its own number for
 * it.
 */
export function borrowType(resource) {
  return handleType(
    (handle, { handles }) => handles.get(handle, resource).rep,
    (rep, { handles }) => (resource.handles === handles ? rep : handles.add(rep, resource, false)),
  );
}

function handleType(fromCore, toCore) {
  const { s32 } = PRIMITIVE_TYPES;
  return scalar(
    4, "i32",
    (memory, at) => fromCore(s32.load(memory, at), memory),
    (memory, at, value) => s32.store(memory, at, toCore(value, memory)),
    fromCore, toCore,
  );
}
