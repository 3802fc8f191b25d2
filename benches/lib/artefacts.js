/** What users download: built if it is not, and measured. */

import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "../../scripts/build.js";
import { buildComponent } from "../../scripts/component.js";
import { measureArtefacts } from "../../scripts/lib/artefacts.js";
import { DIST } from "../../scripts/lib/paths.js";
import { PLAYGROUND, buildPlayground } from "../../scripts/lib/playground-build.js";
import { measure, measureBytes } from "../../scripts/lib/size.js";
import { micropythonForWasi } from "./interpreters.js";

/**
 * @param {import("./bench.js").Bench} bench
 * @returns {Promise<Record<string, import("../../scripts/lib/size.js").Size | undefined>>} By
 *   artefact; undefined for MicroPython for WASI where it cannot be built.
 */
export async function artefacts(bench) {
  const engine = await build();
  await buildComponent();
  await micropythonForWasi(bench);
  await buildPlayground();
  return {
    ...(await measureArtefacts()),
    "MicroPython's modules": measure(join(DIST, "python.js")),
    "playground, with MicroPython": measure(...filesUnder(PLAYGROUND).filter((path) => !path.endsWith(".map"))),
    "DTLS, part of engine.wasm": await partOf(engine, (name) => /datagram|dtls/i.test(name)),
  };
}

/**
 * What of a module only some of its exports need: it is smaller by so much without them and without
 * what nothing else calls.
 *
 * @param {string} path
 * @param {(name: string) => boolean} only
 */
async function partOf(path, only) {
  const { default: binaryen } = await import("binaryen"); // not there before the set-up
  const wasm = readFileSync(path);
  const names = WebAssembly.Module.exports(new WebAssembly.Module(wasm)).map(({ name }) => name);
  const without = (removed) => {
    const module = binaryen.readBinary(wasm);
    module.setFeatures(binaryen.Features.All);
    removed.forEach((name) => module.removeExport(name));
    module.runPasses(["remove-unused-module-elements"]);
    const size = measureBytes(module.emitBinary());
    module.dispose();
    return size;
  };
  const [all, rest] = [without([]), without(names.filter(only))]; // binaryen writes either
  return { raw: all.raw - rest.raw, brotli: all.brotli - rest.brotli };
}

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true }).map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
}
