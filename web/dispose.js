/** The symbols of `using` and `await using`, also where a runtime does not know them yet. */

/** @type {typeof Symbol.dispose} */
export const DISPOSE = Symbol.dispose ?? Symbol.for("Symbol.dispose");

/** @type {typeof Symbol.asyncDispose} */
export const ASYNC_DISPOSE = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");
