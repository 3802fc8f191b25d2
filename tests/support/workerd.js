/**
 * The relay under workerd, the runtime of Cloudflare's Workers, as npm's package `workerd` has it.
 */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, start } from "./programs.js";

const WORKER = fileURLToPath(new URL("../../relay/workers.js", import.meta.url));

/** Why workerd cannot run here; for node:test's `skip`. @returns {string | false} */
export function missingWorkerd() {
  return program() ? false : "there is no workerd for this machine";
}

/**
 * Starts it with the relay's default export.
 *
 * @param {Record<string, string>} variables
 * @returns {Promise<import("./programs.js").Program & {port: number, address: string}>}
 */
export async function workerRelay(variables) {
  const { build } = await import("esbuild");
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-"));
  await build({ entryPoints: [WORKER], outfile: join(folder, "worker.js"), bundle: true, format: "esm", external: ["cloudflare:sockets"], logLevel: "error" });
  const port = await freePort();
  const bindings = Object.entries(variables).map(([name, text]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(text)})`);
  writeFileSync(join(folder, "config.capnp"), `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "relay", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2026-01-01",
      bindings = [${bindings.join(", ")}],
    )),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "relay")],
);
`);
  const running = await start(program() ?? "workerd", ["serve", join(folder, "config.capnp")], { port });
  const stop = async () => {
    await running.stop();
    rmSync(folder, { recursive: true });
  };
  return { ...running, port, address: `ws://127.0.0.1:${port}/relay/`, stop };
}

function program() {
  try {
    const path = createRequire(import.meta.url).resolve("workerd/bin/workerd");
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}
