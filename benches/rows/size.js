/** How large the things are that users download. */

import { artefacts } from "../lib/artefacts.js";

const KILOBYTES = { unit: "KB", better: "lower" };

export default {
  title: "Sizes",
  rows: { raw: KILOBYTES, brotli: KILOBYTES },
  async measure(bench) {
    const sizes = Object.entries(await artefacts(bench));
    const samples = (kind) => Object.fromEntries(sizes.map(([name, size]) => [name, [size[kind] / 1000]]));
    return { raw: samples("raw"), brotli: samples("brotli") };
  },
};
