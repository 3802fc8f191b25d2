/** The engine as a component: as JavaScript by jco, and as programs for wasmtime. */

import { randomFillSync } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { componentNew, transpile } from "@bytecodealliance/jco";
import { RUSTFLAGS, buildComponent } from "../../scripts/component.js";
import { COMPONENT_JS, COMPONENT_NAME, writeFiles } from "../../scripts/lib/component-types.js";
import { compileCrate } from "../../scripts/lib/engine.js";
import { withLock } from "../../scripts/lib/lock.js";
import { make } from "../../scripts/lib/made.js";
import { ROOT, TOOLS, WORK } from "../../scripts/lib/paths.js";
import { check } from "../../scripts/lib/run.js";

/** @import * as Component from "../../dist/component-js/micropython-ssl.component.js" */

/** @returns {Promise<Buffer>} The component. */
export async function componentBytes() {
  return readFileSync(await buildComponent());
}

/**
 * Transpiles the component to dist/component-js, as docs/component.md says.
 *
 * @returns {Promise<string>} The module's path.
 */
export async function transpiled() {
  const component = await buildComponent();
  const inputs = [relative(ROOT, component), "scripts/lib/component-types.js", "tests/support/component.js"];
  const work = async () => {
    const { files } = await transpile(readFileSync(component), { name: COMPONENT_NAME, instantiation: "async" });
    writeFiles(Object.entries(files));
  };
  const module = join(COMPONENT_JS, `${COMPONENT_NAME}.js`);
  return withLock(join(WORK, "component-js.lock"), () => make(module, { title: "Component in JavaScript", inputs }, work));
}

/**
 * The interface micropython:ssl/tls of an instance of its own.
 *
 * @param {Parameters<typeof interfaces>[0]} [host]
 */
export async function instance(host) {
  return (await interfaces(host)).tls;
}

/**
 * All interfaces of an instance of its own.
 *
 * @param {object} [host]
 * @param {(length: bigint) => Uint8Array} [host.random]
 * @param {() => number} [host.now] Seconds since 1970.
 */
export async function interfaces({ random = (length) => randomFillSync(new Uint8Array(Number(length))), now = () => Date.now() / 1000 } = {}) {
  /** @type {typeof Component} */
  const { instantiate } = await import(await transpiled());
  const imports = {
    "wasi:random/random": { getRandomBytes: random },
    "wasi:clocks/wall-clock": { now: () => ({ seconds: BigInt(Math.floor(now())), nanoseconds: 0 }) },
  };
  return instantiate(
    (name) => WebAssembly.compile(readFileSync(join(COMPONENT_JS, name))),
    /** @type {any} */ (imports), // jco's types want versions in these names, and its code wants none
  );
}

/** What the example for wasmtime needs that is not here, for node:test's `skip`. */
export const missingTools = ["wasmtime", "wac"].some((name) => !existsSync(join(TOOLS, name))) && "wasmtime or wac is not installed";

/**
 * Builds the example in Rust and composes it with the engine, as docs/component.md says.
 *
 * @returns {Promise<string>} A component that wasmtime runs.
 */
export async function composedExample() {
  const engine = await buildComponent();
  const folder = join(WORK, "component");
  const [guest, program] = [join(folder, "guest.wasm"), join(folder, "fetch.wasm")];
  const log = join(WORK, "log", "component-rust.log");
  const module = await withLock(join(WORK, "build.lock"), () => compileCrate({ crate: "component-rust", rustflags: RUSTFLAGS, log }));
  mkdirSync(folder, { recursive: true });
  writeFileSync(guest, await componentNew(readFileSync(module), []));
  await check(join(TOOLS, "wac"), ["plug", guest, "--plug", engine, "-o", program], { log });
  return program;
}

/** wasmtime's command line for a component that may use the network. */
export const WASMTIME = [join(TOOLS, "wasmtime"), "run", "-S", "inherit-network", "-S", "allow-ip-name-lookup"];
