/** Relays of other people, each a program of its own. */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "../../scripts/lib/lock.js";
import { CACHE } from "../../scripts/lib/paths.js";
import { freePort, start } from "./programs.js";

const WISP_JS = "@mercuryworkshop/wisp-js";
const WISP_JS_VERSION = "0.5.0";
const INSTALL_LIMIT = 120_000; // ms

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
  const program = await start(process.execPath, [wispJsProgram(), "-H", "127.0.0.1", "-P", String(port), "-O", options], { port });
  return { ...program, port };
}

/**
 * Fetches wisp-js into the per-user cache, once. It is no dependency of the package, only a peer of its tests.
 *
 * @returns {Promise<string | false>} Why it cannot be had; for node:test's `skip`.
 */
export async function missingWispJs() {
  if (existsSync(wispJsProgram())) return false;
  const folder = wispJsFolder();
  mkdirSync(dirname(folder), { recursive: true });
  return withLock(`${folder}.lock`, async () => {
    if (existsSync(wispJsProgram())) return false;
    const made = mkdtempSync(`${folder}-`);
    try {
      const args = ["install", "--prefix", made, "--no-audit", "--no-fund", "--ignore-scripts", `${WISP_JS}@${WISP_JS_VERSION}`];
      await promisify(execFile)("npm", args, { timeout: INSTALL_LIMIT });
      renameSync(made, folder);
      return false;
    } catch {
      rmSync(made, { recursive: true, force: true });
      return `${WISP_JS} ${WISP_JS_VERSION} cannot be fetched from npm`;
    }
  });
}

function wispJsFolder() {
  return join(CACHE, "tools", `wisp-js-${WISP_JS_VERSION}`);
}

function wispJsProgram() {
  return join(wispJsFolder(), "node_modules", WISP_JS, "src", "bin", "server_cli.mjs");
}
