/** Files that are made from others, and made again only when those have changed. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { codeOf } from "../../web/net/errno.js";
import { ROOT, WORK } from "./paths.js";
import { shortPath, step } from "./progress.js";
import { sizes } from "./size.js";

/**
 * @typedef {object} Making What whoever makes a file gets.
 * @property {(text: string) => void} note Shows what it is at.
 * @property {string} log The file for what programs print.
 */

/**
 * Makes a file unless it is there and made from the inputs as they are.
 *
 * @param {string} file
 * @param {object} from
 * @param {string} from.title For the step that is shown.
 * @param {string[]} from.inputs Files and folders of the checkout.
 * @param {string[]} [from.facts] What else it depends on: versions of tools.
 * @param {(progress: Making) => Promise<void>} work
 * @returns {Promise<string>} The file.
 */
export async function make(file, { title, inputs, facts = [] }, work) {
  const stamp = stampOf(file);
  const digest = fingerprint(inputs, facts);
  if (existsSync(file) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return file;
  await step(title, async ({ note, result }) => {
    const log = join(WORK, "log", `${relative(dirname(file), file)}.log`);
    mkdirSync(dirname(file), { recursive: true });
    rmSync(stamp, { force: true });
    rmSync(log, { force: true });
    await work({ note, log });
    writeFileSync(stamp, digest);
    result(`${shortPath(file)}, ${sizes(file)}`);
  });
  return file;
}

/**
 * Records that a file is made from the inputs as they are, where the work for another file has made
 * it too.
 *
 * @param {string} file
 * @param {{inputs: string[], facts?: string[]}} from
 */
export function markMade(file, { inputs, facts = [] }) {
  writeFileSync(stampOf(file), fingerprint(inputs, facts));
}

/**
 * A digest of everything that something is made from.
 *
 * @param {string[]} inputs Files and folders of the checkout; documents in these do not count.
 * @param {string[]} facts What else it depends on.
 * @returns {string} Hexadecimal digits.
 */
export function fingerprint(inputs, facts) {
  const hash = createHash("sha256").update(facts.join("\n"));
  for (const input of inputs) {
    for (const file of filesUnder(join(ROOT, input))) {
      hash.update(`\n${relative(ROOT, file)}\n`).update(readFileSync(file));
    }
  }
  return hash.digest("hex");
}

/** @param {string} file */
function stampOf(file) {
  return join(dirname(file), `.${relative(dirname(file), file)}.built-from`);
}

/** @param {string} path @returns {string[]} */
function filesUnder(path) {
  let entries;
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") return [path];
    throw error;
  }
  return entries
    .filter((entry) => !entry.name.endsWith(".md"))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => filesUnder(join(path, entry.name)));
}
