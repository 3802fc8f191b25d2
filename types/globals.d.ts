/**
 * Names of the Web platform that the types of this package use. Each is empty, and becomes the
 * platform's own where the program's `lib` or `types` have it; without them the package's types
 * compile all the same.
 */

interface AbortSignal {}
interface MessagePort {}
interface ReadableStream<R = any> {}
interface Request {}
interface Response {}
interface URL {}
interface WebSocket {}
interface WritableStream<W = any> {}

declare namespace WebAssembly {
  interface Module {}
}

interface SymbolConstructor {
  readonly dispose: unique symbol;
  readonly asyncDispose: unique symbol;
}
