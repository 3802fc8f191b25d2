/** The table of a component instance: its resources by their handles. */

import { PRIMITIVE_TYPES, scalar, trap } from "./abi.js";

/** @import { Memory } from "./abi.js" */

/**
 * @typedef {object} Resource A type of resources.
 * @property {((rep: any) => void) | null} [dtor]
 * @property {Handles} [handles] The handles of the instance that defines the resource type; none
 *   for a type of the host.
 *
 * @typedef {{rep: any, resource: Resource, own: boolean}} Entry `rep` is the host's object, or the
 *   representation that the defining component gave.
 */

export class Handles {
  /** @type {(Entry | undefined)[]} Handles begin with 1. */
  #entries = [undefined];
  /** @type {number[]} */
  #free = [];

  /**
   * @param {any} rep
   * @param {Resource} resource
   * @param {boolean} own
   * @returns {number} The new handle.
   */
  add(rep, resource, own) {
    const handle = this.#free.pop() ?? this.#entries.length;
    this.#entries[handle] = { rep, resource, own };
    return handle;
  }

  /** @returns {Entry} @param {number} handle @param {Resource} resource */
  get(handle, resource) {
    const entry = this.#entries[handle];
    return entry?.resource === resource ? entry : trap(`${handle} is no handle of such a resource`);
  }

  /**
   * @param {number} handle
   * @param {Resource} resource
   * @returns {Entry} The entry, which was removed from the table.
   */
  remove(handle, resource) {
    const entry = this.get(handle, resource);
    this.#entries[handle] = undefined;
    this.#free.push(handle);
    return entry;
  }
}

/** A handle whose ownership passes to the receiver. @param {Resource} resource */
export function ownType(resource) {
  return handleType(
    (handle, { handles }) => (handles.get(handle, resource).own ? handles.remove(handle, resource).rep : trap(`${handle} is only borrowed`)),
    (rep, { handles }) => handles.add(rep, resource, true),
  );
}

/**
 * A handle that is borrowed for a call. The component that defined the resource type gets its own
 * representation instead.
 *
 * @param {Resource} resource
 */
export function borrowType(resource) {
  return handleType(
    (handle, { handles }) => handles.get(handle, resource).rep,
    (rep, { handles }) => (resource.handles === handles ? rep : handles.add(rep, resource, false)),
  );
}

/**
 * @param {(value: any, memory: Memory) => any} fromCore
 * @param {(value: any, memory: Memory) => any} toCore
 */
function handleType(fromCore, toCore) {
  const { s32 } = PRIMITIVE_TYPES;
  return scalar(
    4, "i32",
    (memory, at) => fromCore(s32.load(memory, at), memory),
    (memory, at, value) => s32.store(memory, at, toCore(value, memory)),
    fromCore, toCore,
  );
}
