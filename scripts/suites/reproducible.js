/**
 * The engine is the same bytes wherever it is built: once in the checkout, and once from nothing in
 * a copy elsewhere.
 */

import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../build.js";
import { withLock } from "../lib/lock.js";
import { emptyOutcome } from "../lib/outcome.js";
import { ROOT, WORK } from "../lib/paths.js";
import { step } from "../lib/progress.js";

/** What Cargo needs of the checkout, members of the workspace included. */
const SOURCES = ["Cargo.toml", "Cargo.lock", "crates", "src", "wit", "tests/unsafe", "tests/wasm/crypto-cores", "examples/component-rust"];

export default {
  title: "Two builds of the engine are the same",
  /** @param {string} title */
  run(title) {
    return step(title, async ({ note, result }) => {
      const log = join(WORK, "log", "reproducible.log");
      const here = await withLock(join(WORK, "build.lock"), async () => digest(await compile({ note, log })));
      const root = mkdtempSync(join(tmpdir(), "micropython-ssl-"));
      try {
        for (const path of SOURCES) cpSync(join(ROOT, path), join(root, path), { recursive: true });
        const there = digest(await compile({ note, log, root }));
        result(there);
        if (here === there) return { ...emptyOutcome(), passed: 1 };
        return { ...emptyOutcome(), failed: [{ name: title, details: `here ${here}\nelsewhere ${there}` }] };
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    });
  },
};

/** @param {string} path */
function digest(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
