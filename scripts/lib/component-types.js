/** The types that jco gives the engine's component, made of the WIT alone. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { make } from "./made.js";
import { DIST, ROOT } from "./paths.js";

/** Where jco's JavaScript of the component is written to, and its types. */
export const COMPONENT_JS = join(DIST, "component-js");
export const COMPONENT_NAME = "micropython-ssl.component";

/**
 * @returns {Promise<Uint8Array>} A component with the engine's interface, and nothing behind it.
 */
export async function emptyComponent() {
  const { componentEmbed, componentNew } = await import("@bytecodealliance/jco"); // not there before the set-up
  const witSource = [read("micropython-ssl.wit"), ...["random", "io", "clocks"].map(nested)].join("\n");
  return componentNew(await componentEmbed({ witSource, world: "engine", dummy: true }), []);
}

/** Writes the types, for what imports the component's JavaScript. */
export async function writeComponentTypes() {
  await make(join(COMPONENT_JS, `${COMPONENT_NAME}.d.ts`), { title: "Types of the component", inputs: ["wit", "scripts/lib/component-types.js"] }, async () => {
    const { transpile } = await import("@bytecodealliance/jco");
    const { files } = await transpile(await emptyComponent(), { name: COMPONENT_NAME, instantiation: "async" });
    writeFiles(Object.entries(files).filter(([name]) => name.endsWith(".d.ts")));
  });
}

/** @param {[name: string, bytes: Uint8Array][]} files Of jco's. */
export function writeFiles(files) {
  for (const [name, bytes] of files) {
    const path = join(COMPONENT_JS, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}

/** A WASI package of wit/deps in the form that it has inside another file. @param {string} name */
function nested(name) {
  return `${read(`deps/${name}.wit`).replace(/^package (\S+);/m, "package $1 {")}}\n`;
}

/** @param {string} path */
function read(path) {
  return readFileSync(join(ROOT, "wit", path), "utf8");
}
