/** Relays of other people, each a program of its own. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npmSource } from "../../scripts/lib/npm-source.js";
import { freePort, start } from "./programs.js";

/**
 * websockify, which finds its targets by token.
 *
 * @param {Record<string, number>} targets A TCP port on 127.0.0.1 for each token.
 * @returns {Promise<import("./programs.js").Program & {port: number}>}
 */
export async function websockifyWithTokens(targets) {
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-"));
  const tokens = join(folder, "tokens");
  writeFileSync(tokens, Object.entries(targets).map(([token, port]) => `${token}: 127.0.0.1:${port}\n`).join(""));
  const port = await freePort();
  const program = await start("websockify", ["--token-plugin", "TokenFile", "--token-source", tokens, `127.0.0.1:${port}`], { port });
  const stop = async () => {
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...program, port, stop };
}

/**
 * wisp-js-server, a relay for Wisp and wsproxy, allowed to connect to this machine.
 *
 * @returns {Promise<import("./programs.js").Program & {port: number}>}
 */
export async function wispJs() {
  const port = await freePort();
  const options = JSON.stringify({ allow_loopback_ips: true, allow_private_ips: true });
  const script = join((await npmSource("wisp-js")) ?? "", "src", "bin", "server_cli.mjs");
  const program = await start(process.execPath, [script, "-H", "127.0.0.1", "-P", String(port), "-O", options], { port });
  return { ...program, port };
}

/**
 * Why wisp-js cannot be had; for node:test's `skip`. It is no dependency of the package, only a
 * peer of its tests.
 *
 * @returns {Promise<string | false>}
 */
export async function missingWispJs() {
  return (await npmSource("wisp-js")) ? false : "wisp-js cannot be fetched from npm";
}
