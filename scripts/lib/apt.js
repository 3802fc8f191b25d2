/** Debian's packages, where there is apt and the right to use it. */

import { say } from "./progress.js";
import { ask, check, run, which } from "./run.js";

const NONINTERACTIVE = { DEBIAN_FRONTEND: "noninteractive" };
// --no-remove: set-up adds to a machine and never takes from it.
const INSTALL = ["install", "-y", "--no-install-recommends", "--no-remove", "-o", "DPkg::Lock::Timeout=300"];

/** Whether this process may install packages. */
export function canInstall() {
  return Boolean(which("apt-get")) && process.getuid?.() === 0;
}

/**
 * The command with which the user can install packages, for messages.
 *
 * @param {string[]} packages
 * @returns {string}
 */
export function installCommand(packages) {
  return `sudo apt-get install --no-install-recommends ${packages.join(" ")}`;
}

/**
 * Says which packages it installs and installs them, refreshing apt's lists only if that is needed.
 *
 * @param {string[]} packages
 * @param {string} log
 * @param {(text: string) => void} note
 * @throws {import("./run.js").CommandFailed}
 */
export async function install(packages, log, note) {
  say(`These Debian packages are installed now: ${packages.join(", ")}`);
  const options = { log, env: NONINTERACTIVE, onLine: note };
  const { code } = await run("apt-get", [...INSTALL, ...packages], options);
  if (code === 0) return;
  await check("apt-get", ["update"], options);
  await check("apt-get", [...INSTALL, ...packages], options);
}

/**
 * Whether apt's lists have a package.
 *
 * @param {string} name
 */
export function isKnown(name) {
  return ask("apt-cache", ["show", name]) !== undefined;
}
