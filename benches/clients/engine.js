/** Our engine, driven from JavaScript over a TCP socket of Node's. */

import { loadEngine } from "../../web/engine.js";
import { makeContext, open } from "../lib/engine-client.js";
import { main } from "./frame.js";

await main(async ({ port, ca }) => {
  const engine = await loadEngine();
  const context = makeContext(engine, ca);
  return { open: () => open(engine, context, port) };
});
