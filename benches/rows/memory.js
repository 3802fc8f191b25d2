/** Memory that a connection takes which does nothing. */

import { join } from "node:path";
import { ROOT } from "../../scripts/lib/paths.js";

const ROW = "idle connection";

/** @type {import("../lib/groups.js").Group} */
export default {
  title: "Memory of the engine",
  rows: { [ROW]: { unit: "KiB", better: "lower" } },
  async measure(bench) {
    const { ports, caFile } = await bench.server();
    const bytes = await bench.client(process.execPath, [join(ROOT, "benches/clients/idle.js"), ports["handshake.tls13.ecdsa"], caFile]);
    return { [ROW]: { "engine, from JavaScript": [Number(bytes) / 1024] } };
  },
};
