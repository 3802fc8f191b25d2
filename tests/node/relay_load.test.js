/** A small version of tests/long/relay.test.js. */

import { test } from "node:test";
import { loadRelay } from "../support/relay_load.js";

const skip = process.platform !== "linux" && "memory and descriptors are read in /proc";

test("200 streams, half of them never read, and clients that vanish: memory within its bound", { skip }, async () => {
  await loadRelay({ clients: 10, streams: 20, memory: 16, rounds: 2 });
});
