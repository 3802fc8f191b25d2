/**
 * How long the engine takes from nothing to its first handshake: prints JSON with milliseconds of
 * wall-clock time.
 */

import { readFileSync } from "node:fs";

const [port, caFile] = process.argv.slice(2);
const wasm = readFileSync(new URL("../../dist/engine/micropython_ssl_bg.wasm", import.meta.url));
const ca = readFileSync(caFile, "utf8");

const begin = performance.now();
const module = await WebAssembly.compile(wasm);
const compiled = performance.now();
const { loadEngine } = await import("../../web/engine.js");
const engine = await loadEngine(module);
const ready = performance.now();
const { makeContext, open } = await import("../lib/engine-client.js");
const imported = performance.now();
(await open(engine, makeContext(engine, ca), Number(port))).close();
const shaken = performance.now();
console.log(JSON.stringify({ compile: compiled - begin, ready: ready - compiled, firstHandshake: shaken - imported }));
process.exit();
