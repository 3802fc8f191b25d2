/** How large the things are that users download. */

import { artefacts } from "../lib/artefacts.js";
import { peerSizes } from "../lib/peers.js";

const KILOBYTES = { unit: "KB", better: "lower" };

export default {
  title: "Sizes",
  rows: { raw: KILOBYTES, brotli: KILOBYTES },
  async measure(bench) {
    const samples = { raw: {}, brotli: {} };
    for (const [name, size] of Object.entries({ ...(await artefacts(bench)), ...(bench.peers ? await peerSizes(bench) : {}) })) {
      if (!size) continue; // the bench says why
      for (const kind of ["raw", "brotli"]) samples[kind][name] = [size[kind] / 1000];
    }
    return samples;
  },
};
