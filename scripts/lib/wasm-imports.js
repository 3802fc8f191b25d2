/**
 * What the engine's wasm may ask of its host: entropy, and what wasm-bindgen needs to pass values
 * and errors.
 */

/** Names of imports, without the hash that wasm-bindgen appends. */
const ALLOWED = new Set([
  "__wbg_crypto", // globalThis.crypto
  "__wbg_getRandomValues",
  "__wbg_call", // verify_callback
  "__wbg_new", // an Error, with its name and errno
  "__wbg_new_from_slice", // a Uint8Array with a certificate
  "__wbg_set",
  "__wbg_set_name",
  "__wbindgen_generic", // a number or string as a JavaScript value
  "__wbindgen_init_externref_table",
  "__wbindgen_number_get",
  "__wbindgen_string_get",
  "__wbindgen_throw",
]);

/**
 * The imports of a module that it should not have.
 *
 * @param {BufferSource} wasm
 * @returns {string[]} `module.name` of each.
 */
export function unexpectedImports(wasm) {
  return WebAssembly.Module.imports(new WebAssembly.Module(wasm))
    .filter(({ name }) => !ALLOWED.has(plainName(name)))
    .map(({ module, name }) => `${module}.${name}`);
}

/**
 * An import's name as the source has it.
 *
 * @param {string} name For example `__wbg___wbindgen_throw_39bc967c0e5a9b58`.
 * @returns {string} For example `__wbindgen_throw`.
 */
export function plainName(name) {
  const plain = name.replace(/_[0-9a-f]{16}$/, "");
  return plain.replace(/^__wbg_(?=__wbindgen_)/, "");
}
