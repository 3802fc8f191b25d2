/**
 * `npm run docs`: builds the site, documents and playground, into dist/site, a folder for a static
 * host.
 */

import { build } from "./build.js";
import { runMain, shortPath } from "./lib/progress.js";
import { setUp } from "./setup.js";

await runMain(async () => {
  await setUp({ wasi: true });
  await build();
  const { SITE, buildSite } = await import("./lib/site.js");
  await buildSite();
  console.log(`The site is in ${shortPath(SITE)}; npx micropython-ssl serve ${shortPath(SITE)} shows it.`);
});
