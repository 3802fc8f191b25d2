/**
 * `npm start`: sets up, builds, and lets a MicroPython program fetch a page from an HTTPS server of
 * our own whose certificate comes from an authority made a moment ago.
 * `npm start -- my_script.py arguments` runs a program of the user's instead. With `--wasi` in
 * front it is MicroPython for WASI, in wasmtime, that does so.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.js";
import { ROOT, WORK } from "./lib/paths.js";
import { runMain, shortPath } from "./lib/progress.js";
import { runInForeground } from "./lib/run.js";
import { buildMicroPython, runMicroPython } from "./micropython-wasi.js";
import { setUp } from "./setup.js";

/** @type {{name: string, run: typeof runMicroPython}} */
const NODE = { name: "micropython-ssl", run: (args, cwd) => runInForeground(process.execPath, [join(ROOT, "web/node/cli.js"), ...args], cwd) };
const WASI = { name: "npm run micropython:wasi --", run: runMicroPython };

await runMain(async () => {
  const wasi = process.argv[2] === "--wasi";
  const args = process.argv.slice(wasi ? 3 : 2);
  const micropython = wasi ? WASI : NODE;
  await setUp({ wasi: true });
  await (wasi ? buildMicroPython() : build());
  return args.length ? micropython.run(args, process.env.INIT_CWD ?? process.cwd()) : showHttps(micropython);
});

/**
 * @param {typeof NODE} micropython
 * @returns {Promise<number>} The exit code of the program that fetches the page.
 */
async function showHttps(micropython) {
  const { authority } = await import("../tests/support/pki.js");
  const { httpsServer } = await import("../tests/support/servers.js");
  const ca = authority({ subject: "Authority made for this run" });
  const certificate = ca.issue({ names: ["localhost", "127.0.0.1"] });
  const file = join(WORK, "start", "ca.pem");
  mkdirSync(join(WORK, "start"), { recursive: true });
  writeFileSync(file, ca.pem);
  const server = await httpsServer(certificate, { handler: greet });
  const args = ["examples/https_get.py", `https://localhost:${server.port}/`, shortPath(file)];
  console.log(`\nAn HTTPS server listens on port ${server.port}; its certificate is from ${shortPath(file)}, made just now.`);
  console.log(`$ ${micropython.name} ${args.join(" ")}\n`);
  try {
    return await micropython.run(args, ROOT);
  } finally {
    await server.stop();
  }
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 */
function greet(request, response) {
  const socket = /** @type {import("node:tls").TLSSocket} */ (request.socket);
  response.end(`Hello! You came over ${socket.getProtocol()} with ${socket.getCipher().name}.\n`);
}
