/** What set-up installs, and which versions: tools.json. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./paths.js";

export const tools = JSON.parse(readFileSync(join(ROOT, "scripts/tools.json"), "utf8"));

/**
 * The version of a crate that Cargo.lock names.
 *
 * @param {string} crate
 * @returns {string}
 */
export function lockedVersion(crate) {
  const lock = readFileSync(join(ROOT, "Cargo.lock"), "utf8");
  const version = new RegExp(`^name = "${crate}"\nversion = "(.*)"$`, "m").exec(lock)?.[1];
  if (!version) throw new Error(`Cargo.lock has no crate ${crate}`);
  return version;
}
