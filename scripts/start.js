/**
 * `npm start`: sets up, builds, and lets a MicroPython program fetch a page from an HTTPS server of our own whose certificate
 * comes from an authority made a moment ago. `npm start -- my_script.py arguments` runs a program of the user's instead.
 */

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.js";
import { ROOT, WORK } from "./lib/paths.js";
import { runMain, shortPath } from "./lib/progress.js";
import { setUp } from "./setup.js";

await runMain(async () => {
  await setUp();
  await build();
  const args = process.argv.slice(2);
  return args.length ? micropython(args, process.env.INIT_CWD ?? process.cwd()) : showHttps();
});

async function showHttps() {
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
  console.log(`$ micropython-ssl ${args.join(" ")}\n`);
  try {
    return await micropython(args, ROOT);
  } finally {
    await server.stop();
  }
}

function greet(request, response) {
  const { socket } = request;
  response.end(`Hello! You came over ${socket.getProtocol()} with ${socket.getCipher().name}.\n`);
}

/** @returns {Promise<number>} The exit code of the command micropython-ssl. */
function micropython(args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, "web/node/cli.js"), ...args], { cwd, stdio: "inherit" });
    process.removeAllListeners("SIGINT").on("SIGINT", () => {}); // the child gets it too, and decides how to end
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? 128 + (signal === "SIGINT" ? 2 : 15)));
  });
}
