/**
 * The same programs on our interpreters and on a real MicroPython with Mbed TLS:
 * tests/differential.
 */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Differences, compare, readSituations } from "../../tests/differential/compare.js";
import { writePeople } from "../../tests/differential/people.js";
import { freePort, start } from "../../tests/support/programs.js";
import { missingBrowser } from "../../tests/support/browser.js";
import { nodeRunner, pageRunner, reference, wasiRunner } from "../../tests/micropython/interpreters.js";
import { startPage } from "../../tests/micropython/page.js";
import { emptyOutcome, skippedOutcome } from "../lib/outcome.js";
import { ROOT, WORK } from "../lib/paths.js";
import { Problem, step } from "../lib/progress.js";
import { asNewest } from "../lib/reference-micropython.js";
import { run } from "../lib/run.js";
import { precompiled } from "../lib/wasmtime.js";
import { buildMicroPython } from "../micropython-wasi.js";

const FOLDER = join(ROOT, "tests", "differential");
const SITUATIONS = join(FOLDER, "situations");
const PLACE = join(WORK, "differential");
const QUIET_LIMIT = 120; // seconds without a word

/** Programs that run at the same time bind to their own ports, below those that Linux chooses. */
const FIRST_PORT = 20_000;
const PORTS = 400;

/** Files that are no group of situations. */
const HELPERS = ["harness.py", "peers.py"];

/**
 * @typedef {typeof RUNTIMES[number]} RuntimeName
 * @typedef {{on: RuntimeName, program: string, differences: Differences}} Runtime
 */

const RUNTIMES = /** @type {const} */ (["node", "wasi", "page"]);
const ENDS = /** @type {const} */ (["server", "client"]);

// Mbed TLS in MicroPython speaks TLS 1.2.
const PINNED = ["MICROPYTHON_TLS=1.2"];

export default {
  title: "The same programs here and on a real MicroPython",
  /** @param {string} title */
  run(title) {
    return step(title, async ({ note, result }) => {
      let theirs;
      try {
        theirs = await reference(note);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        return skippedOutcome(title, error.message);
      }
      const wasi = wasiRunner(await precompiled(await buildMicroPython()), join(ROOT, "tests"));
      const page = missingBrowser ? undefined : await startPage([SITUATIONS, PLACE]);
      try {
        const ours = { node: nodeRunner(PINNED), wasi: wasi(PINNED), ...(page && { page: pageRunner(page.socket)(PINNED) }) };
        const outcome = await runDifferential({ reference: theirs, ours, note });
        if (missingBrowser) outcome.skipped.push({ name: `${title}: in a page`, reason: missingBrowser });
        result(`${outcome.passed} situations`);
        return outcome;
      } finally {
        await page?.stop();
      }
    });
  },
};

/**
 * @param {object} options
 * @param {string} options.reference A program that takes a script as its argument.
 * @param {Partial<Record<RuntimeName, string>>} options.ours Others, to compare with
 *   it.
 * @param {(text: string) => void} [options.note]
 * @returns {Promise<import("../lib/outcome.js").Outcome>}
 */
export async function runDifferential({ reference, ours, note = () => {} }) {
  const names = errorNames();
  const rules = JSON.parse(readFileSync(join(FOLDER, "differences.json"), "utf8"));
  const outcome = emptyOutcome();
  const runtimes = RUNTIMES.flatMap((on) => {
    const program = ours[on];
    return program ? [{ on, program, differences: new Differences(rules, on) }] : [];
  });
  /**
   * @param {Runtime} runtime
   * @param {string} group
   * @param {string} expected
   * @param {string} seen
   */
  const judge = ({ on, differences }, group, expected, seen) => {
    for (const { name, details } of compare(group, readSituations(asNewest(expected, names)), readSituations(seen), differences)) {
      if (details) outcome.failed.push({ name: `${on}: ${name}`, details });
      else outcome.passed++;
    }
  };
  const groups = readdirSync(SITUATIONS).filter((name) => name.endsWith(".py") && !HELPERS.includes(name)).sort();
  for (const file of groups) {
    note(file);
    writePeople(PLACE);
    const programs = [reference, ...runtimes.map(({ program }) => program)];
    const [expected, ...seen] = await Promise.all(programs.map((program, index) => runScript(program, file, FIRST_PORT + index * PORTS, note)));
    for (const [index, runtime] of runtimes.entries()) judge(runtime, file.replace(".py", ""), expected, seen[index]);
  }
  note("peers.py");
  const expected = await runPeers(reference, reference);
  for (const runtime of runtimes) {
    const here = runtime.program;
    const pairs = [
      { server: here, client: here, which: "both are" },
      { server: here, client: reference, which: "the server is" },
      { server: reference, client: here, which: "the client is" },
    ];
    for (const { which, ...programs } of pairs) {
      // A page's servers are found in that page only.
      if (runtime.on === "page" && which === "the server is") continue;
      const seen = await runPeers(programs.server, programs.client);
      for (const end of ENDS) {
        const lines = programs[end] === reference ? asNewest(seen[end], names) : seen[end];
        judge(runtime, `peers, ${which} here`, expected[end], lines);
      }
    }
  }
  for (const rule of unused(runtimes)) {
    const details = `no longer occurs, so it has to be taken off differences.json: ${rule.in}: ${rule.reference} => ${rule.here}`;
    outcome.failed.push({ name: "differential: a difference", details });
  }
  return outcome;
}

/** Rules that no runtime they are for needs. @param {Runtime[]} runtimes */
function unused(runtimes) {
  const needless = runtimes.map(({ differences }) => differences.unused);
  const all = new Set(needless.flat());
  return [...all].filter((rule) => runtimes.every(({ on }, index) => (rule.on ?? on) !== on || needless[index].includes(rule)));
}

/**
 * @param {string} program
 * @param {string} file
 * @param {number} port The first of those that it may bind to.
 * @param {(text: string) => void} note
 */
async function runScript(program, file, port, note) {
  const { code, output } = await run(program, [join(SITUATIONS, file), String(port)], { cwd: PLACE, quietLimit: QUIET_LIMIT, onLine: note });
  if (code !== 0) return `${output}\n= ends\nwith exit code ${code}\n`;
  return output;
}

/**
 * Runs a server and a client, and returns what each of them printed.
 *
 * @param {string} server
 * @param {string} client
 */
async function runPeers(server, client) {
  const port = String(await freePort());
  const script = join(SITUATIONS, "peers.py");
  const listening = await start(server, [script, "server", port], { cwd: PLACE, ready: /^listening\n/ });
  try {
    const { output } = await run(client, [script, "client", port], { cwd: PLACE, quietLimit: QUIET_LIMIT });
    await listening.ended();
    return { server: listening.output().replace(/^listening\n/, ""), client: output };
  } finally {
    await listening.stop();
  }
}

function errorNames() {
  const lines = readFileSync(join(ROOT, "tests/data/mbedtls-error-codes.txt"), "utf8").trim().split("\n");
  return new Map(lines.map((line) => line.split(" ")).map(([name, code]) => /** @type {[number, string]} */ ([Number(code), name])));
}
