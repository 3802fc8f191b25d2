/** How large the things are that users download. */

import { artefacts } from "../lib/artefacts.js";
import { peerSizes } from "../lib/peers.js";

/** @type {import("../lib/groups.js").Row} */
const KILOBYTES = { unit: "KB", better: "lower" };

/** @type {import("../lib/groups.js").Group} */
export default {
  title: "Sizes",
  rows: { raw: KILOBYTES, brotli: KILOBYTES },
  async measure(bench) {
    /** @type {Record<"raw" | "brotli", Record<string, number[]>>} */
    const samples = { raw: {}, brotli: {} };
    for (const [name, size] of Object.entries({ ...(await artefacts(bench)), ...(bench.peers ? await peerSizes(bench) : {}) })) {
      if (!size) continue; // the bench says why
      samples.raw[name] = [size.raw / 1000];
      samples.brotli[name] = [size.brotli / 1000];
    }
    return samples;
  },
};
