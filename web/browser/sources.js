/** Where MicroPython and other files are found. */

const MICROPYTHON = "@micropython/micropython-webassembly-pyscript/micropython.mjs";

/** An address as a worker understands it, whose own is another one; anything else as it is. */
export function absolute(url) {
  return typeof url === "string" || url instanceof URL ? new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href : url;
}

/** MicroPython by import map or bundler if there is one, else where a neighbour in node_modules or `micropython-ssl serve` has it. */
export function defaultMicroPython() {
  try {
    return import.meta.resolve(MICROPYTHON);
  } catch {
    return new URL(/* @vite-ignore */ "../../micropython/micropython.mjs", import.meta.url).href;
  }
}
