/** How much of the engine's memory a connection takes that does nothing: prints bytes for one. */

import { readFileSync } from "node:fs";
import { loadEngine } from "../../web/engine.js";
import { makeContext, open } from "../lib/engine-client.js";

const FIRST = 50; // brings what is only needed once
const COUNT = 300;

const [port, caFile] = process.argv.slice(2);
const engine = await loadEngine();
const context = makeContext(engine, readFileSync(caFile, "utf8"));
const connections = [];
/** @param {number} count */
const openSome = async (count) => {
  for (let i = 0; i < count; i++) connections.push(await open(engine, context, Number(port)));
  return engine.bytes().length;
};
const before = await openSome(FIRST);
const after = await openSome(COUNT);
console.log((after - before) / COUNT);
process.exit();
