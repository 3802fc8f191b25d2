/** Folders of the machine that something was built on. */

import { homedir } from "node:os";
import { ROOT } from "../../scripts/lib/paths.js";

/**
 * @param {Buffer} bytes A file that users get.
 * @returns {string[]} Which paths it has that only the machine has where it was built.
 */
export function pathsOfThisMachine(bytes) {
  const folders = [`${ROOT}/`, `${homedir()}/`, "/home/", "/registry/src/"].filter((folder) => folder.length > 2);
  return folders.filter((folder) => bytes.includes(folder));
}
