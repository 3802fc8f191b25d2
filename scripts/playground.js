/**
 * `npm run playground`: sets up, builds, and serves the playground with a relay and with servers of
 * its own for the examples. `npm run playground -- --build-only` makes the folder dist/playground
 * for a static host; other arguments are targets that the relay may connect to besides, as --allow
 * of `micropython-ssl serve` takes them (default: *:443 and *:8883).
 */

import { parseArgs } from "node:util";
import { build } from "./build.js";
import { runMain, shortPath } from "./lib/progress.js";
import { setUp } from "./setup.js";

const PORT = 8000;
const DEFAULT_TARGETS = ["*:443", "*:8883", "*:8886"];

await runMain(async () => {
  const { values, positionals } = parseArgs({ options: { "build-only": { type: "boolean" } }, allowPositionals: true });
  await setUp({ wasi: true });
  await build();
  const { PLAYGROUND, buildPlayground } = await import("./lib/playground-build.js");
  await buildPlayground();
  if (values["build-only"]) {
    console.log(`${shortPath(PLAYGROUND)} is ready for a static host. See web/README.md for the headers that it needs.`);
    return 0;
  }
  return show(PLAYGROUND, positionals.length > 0 ? positionals : DEFAULT_TARGETS);
});

/** @param {string} folder @param {string[]} allow */
async function show(folder, allow) {
  const { siteFiles, sitePolicy, startServices } = await import("./lib/playground-services.js");
  const { serve } = await import("../web/node/serve.js");
  const { textLine } = await import("../relay/node.js");
  const services = await startServices();
  /** @type {Parameters<typeof serve>[0]} */
  const options = {
    mounts: [["/", folder]],
    files: siteFiles(services),
    policy: sitePolicy(),
    allow: [...services.targets, ...allow],
    log: (entry) => console.log(textLine(entry)),
  };
  const server = await serve({ ...options, port: PORT }).catch((error) => {
    if (error.code === "EADDRINUSE") return serve(options);
    throw error;
  });
  console.log(`\nThe playground is at ${server.url}; its relay connects to ${allow.join(", ")} and to the examples' own servers. Ctrl+C ends it.\n`);
  await new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.removeAllListeners(signal).once(signal, resolve);
  });
  await server.close();
  await services.stop();
  return 0;
}
