/**
 * Where things are: the checkout, its own cache, and the per-user cache shared by all checkouts.
 */

import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

/** Logs, locks and other things that may be thrown away; belongs to this checkout. */
export const WORK = join(ROOT, ".cache");

/** Tools and sources that take long to build or fetch, keyed by version. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "micropython-ssl");

/** Links to the tools this checkout uses. */
export const TOOLS = join(ROOT, ".tools", "bin");

/** What the build makes. */
export const DIST = join(ROOT, "dist");
