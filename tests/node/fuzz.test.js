/** What fuzzing JavaScript found worth keeping: `npm run fuzz` goes on from there. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/lib/paths.js";
import { run as abi } from "../../fuzz/javascript/abi.js";
import { run as files } from "../../fuzz/javascript/files.js";
import { run as relay } from "../../fuzz/javascript/relay.js";
import { run as sockets } from "../../fuzz/javascript/sockets.js";

/** @param {string} target @param {(input: Uint8Array) => unknown} run */
async function replay(target, run) {
  const folder = join(ROOT, "fuzz/corpus", target);
  for (const name of readdirSync(folder)) await run(readFileSync(join(folder, name)));
}

test("values of a component are of their type, or a trap", () => replay("abi", abi));

test("a component's calls for files tell, change and make nothing outside its folder", () => replay("files", files));

test("clients and targets of a relay that do anything end nothing, and leave nothing", () => replay("relay", relay));

test("a component's sockets, with peers that do anything, fail with errors of WASI, lose no byte and leave nothing", () => replay("sockets", sockets));
