/** Where a path of a component leads. */

import { codeOf } from "../net/errno.js";

/** @import { Files, Type } from "./filesystem.js" */

/** Linux' limit for the links of one path. */
const MOST_LINKS = 40;

/**
 * Walks a path part by part, as Linux does with RESOLVE_BENEATH. The result is the path to use: it
 * has no link in it that the walk has not seen, and `follow` says whether its last part may be one.
 * The last part need not exist. Fails with EPERM where the path leads out of the folder.
 *
 * @param {Files} files
 * @param {string} root The folder that the path may not leave, without a slash at its end. Links
 *   may lead to it.
 * @param {string} path The folder's path and what follows it.
 * @param {boolean} follow Whether the last part is followed if it is a link.
 */
export function resolve(files, root, path, follow) {
  // Nothing is outside. The system also follows links that no walk can: those in /proc.
  if (root === "" && files.followsLinks) return path || "/";
  /** @param {string} text */
  const partsOf = (text) => text.split(files.separators ?? "/").reverse();
  const rest = partsOf(path.slice(root.length));
  /** @type {string[]} */
  const found = [];
  let end = "/.";
  for (let links = 0, part; (part = rest.pop()) !== undefined; ) {
    if (part === "" || part === "." || part === "..") {
      if (part === ".." && found.pop() === undefined && root !== "") throw errno("EPERM");
      end = part === "" ? end || "/" : "/.";
      continue;
    }
    const here = [root, ...found, part].join("/");
    const type = typeOf(files, here);
    if (type === "symbolic-link" && (follow || rest.length > 0)) {
      if (++links > MOST_LINKS) throw errno("ELOOP");
      const target = files.readLink(here);
      const isAbsolute = target.startsWith("/");
      if (isAbsolute && !isBelow(target, root)) throw errno("EPERM");
      if (isAbsolute) found.length = 0;
      rest.push(...partsOf(isAbsolute ? target.slice(root.length) : target));
      continue;
    }
    // A folder that is to be made may have a slash behind its name.
    if (!type && rest.some((each) => each !== "")) throw errno("ENOENT");
    if (type && type !== "directory" && rest.length > 0) throw errno("ENOTDIR");
    found.push(part);
    end = "";
  }
  return [root, ...found].join("/") + end;
}

/**
 * Whether a path is a folder's path or leads to something in it.
 *
 * @param {string} path
 * @param {string} folder
 */
export function isBelow(path, folder) {
  return path === folder || path.startsWith(`${folder}/`);
}

/** An error as Node's `fs` has it. @param {string} code */
export function errno(code) {
  return Object.assign(new Error(code), { code });
}

/** @param {Files} files @param {string} where @returns {Type | null} null for what is missing. */
function typeOf(files, where) {
  try {
    return files.stat(where, false).type;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}
