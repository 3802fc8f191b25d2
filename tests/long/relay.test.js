/** A relay under load for minutes: `npm run test:long`. */

import { test } from "node:test";
import { loadRelay } from "../support/relay_load.js";

const skip = process.platform !== "linux" && "memory and descriptors are read in /proc";

test("2,000 streams, half of them never read, and clients that vanish, ten times over: memory within its bound", { skip }, async (t) => {
  const { streams, waiting, grown } = await loadRelay({ clients: 40, streams: 50, memory: 128, rounds: 10 });
  t.diagnostic(`${streams} streams at once; at most ${waiting} MiB waited in the relay, and its process grew by ${grown} MiB`);
});
