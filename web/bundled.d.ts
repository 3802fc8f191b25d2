/** What esbuild puts in the place of files that web/inline.js imports. */

declare module "*.wasm" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module "@micropython/micropython-webassembly-pyscript/micropython.mjs" {
  const text: string;
  export default text;
}
