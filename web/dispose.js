/** The symbols of `using` and `await using`, also for runtimes that do not have them. */

/** @type {typeof Symbol.dispose} */
export const DISPOSE = Symbol.dispose ?? Symbol.for("Symbol.dispose");

/** @type {typeof Symbol.asyncDispose} */
export const ASYNC_DISPOSE = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

/**
 * The symbol by which a component drops a resource; jco has this one.
 *
 * @type {typeof Symbol.dispose}
 */
export const DROP = Symbol.dispose ?? Symbol.for("dispose");
