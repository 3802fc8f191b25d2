/**
 * Our verdict on certificates and chains beside that of Mbed TLS in MicroPython's configuration:
 * tests/verify.rs exports them.
 */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { emptyOutcome, skippedOutcome } from "../lib/outcome.js";
import { ROOT, WORK } from "../lib/paths.js";
import { Problem, step } from "../lib/progress.js";
import { onMbedTls } from "../lib/reference-mbedtls.js";
import { check } from "../lib/run.js";

/** @typedef {{name: string, same: boolean, details: string}} Verdict */

const EXPORTED = join(WORK, "chains");

export default {
  title: "Certificates: Mbed TLS' verdicts beside ours",
  /** @param {string} title */
  run(title) {
    return step(title, async ({ note, result }) => {
      let program;
      try {
        program = await onMbedTls(join(ROOT, "tests/differential/chains/verdict.c"), note);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        return skippedOutcome(title, error.message);
      }
      rmSync(EXPORTED, { recursive: true, force: true });
      const exporting = ["test", "--test", "verify", "--", "--ignored", "--exact", "export_chains"];
      await check("cargo", exporting, { cwd: ROOT, env: { CHAINS_DIR: EXPORTED }, onLine: note, log: join(WORK, "log", "verdicts.log") });
      note("comparing");
      const outcome = emptyOutcome();
      for (const { name, same, details } of [...chains(program), ...certificates(program)]) {
        if (same) outcome.passed++;
        else outcome.failed.push({ name, details });
      }
      result(`${outcome.passed} as expected`);
      return outcome;
    });
  },
};

/**
 * Every chain: does Mbed TLS say what the case says that it says?
 *
 * @param {string} program
 * @returns {Generator<Verdict>}
 */
function* chains(program) {
  const folders = readdirSync(EXPORTED).map((name) => join(EXPORTED, name)).filter((folder) => existsSync(join(folder, "case.json")));
  const cases = folders.map((folder) => ({ folder, ...JSON.parse(readFileSync(join(folder, "case.json"), "utf8")) }));
  const input = cases.map(({ folder, now, side, host }) => [folder, now, side, ...(host === null ? [] : [host])].join("\t") + "\n").join("");
  const verdicts = lines(program, ["chains"], input);
  for (const [index, { folder, name, mbedtls, why }] of cases.entries()) {
    const expected = `${mbedtls.code} ${mbedtls.flags}`;
    const details = `Mbed TLS says ${verdicts[index]} instead of ${expected}${why ? ` (${why})` : ""}: ${folder}`;
    yield { name, same: verdicts[index] === expected, details };
  }
}

/**
 * Every changed certificate: does reading it come to the same code?
 *
 * @param {string} program
 * @returns {Generator<Verdict>}
 */
function* certificates(program) {
  const ours = JSON.parse(readFileSync(join(EXPORTED, "certificates.json"), "utf8"));
  const theirs = lines(program, ["certificates", join(EXPORTED, "certificates.bin")]).map(Number);
  for (const [index, code] of ours.entries()) {
    const details = `reading certificate ${index} comes to ${code} here and to ${theirs[index]} in Mbed TLS`;
    yield { name: "a changed certificate", same: code === theirs[index], details };
  }
}

/** @param {string} program @param {string[]} args */
function lines(program, args, input = "") {
  return execFileSync(program, args, { input, encoding: "utf8", maxBuffer: 1 << 26 }).trimEnd().split("\n");
}
