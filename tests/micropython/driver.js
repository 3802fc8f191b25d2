/**
 * Runs MicroPython's own tests, unchanged, on an interpreter of ours: with MicroPython's own
 * drivers run-tests.py and run-multitests.py, and directly those that run-tests.py leaves out
 * because of what its ports lack. A list says which tests; all have to pass, except those that it
 * names as exceptions, each with its reason. An exception that passes is a failure too: it has to
 * be taken off the list.
 */

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { withLock } from "../../scripts/lib/lock.js";
import { CACHE } from "../../scripts/lib/paths.js";
import { emptyOutcome } from "../../scripts/lib/outcome.js";
import { run } from "../../scripts/lib/run.js";
import { runDirectly } from "./direct.js";

/** @import { Outcome } from "../../scripts/lib/outcome.js" */

const MULTITEST_PORT = 8000; // is written in the tests
const QUIET_LIMIT = 120; // seconds without a word from a driver

/**
 * @typedef {object} Group Tests that run in one call of a driver.
 * @property {"run-tests.py" | "run-multitests.py" | "direct"} driver
 * @property {string[]} tests File names under MicroPython's tests folder, which may contain `*`.
 * @property {string[]} [settings] Environment variables of the interpreter.
 * @property {"server" | "client"} [ours] Which end runs on the interpreter to test, when the other
 *   one runs on its peer; both without it.
 * @property {string} [why] Why this driver or these settings.
 *
 * @typedef {Group & {files: string[]}} GroupOfFiles
 *
 * @typedef {object} Context
 * @property {string} folder MicroPython's tests.
 * @property {string} interpreter The one to test.
 * @property {string} [peer]
 * @property {string} place A folder for results.
 * @property {(text: string) => void} note
 *
 * @typedef {object} Verdict
 * @property {"pass" | "fail" | "skip"} [result]
 * @property {string} [details] What went wrong.
 * @property {string} [blocked] Why it could not run.
 *
 * @typedef {object} Expectations
 * @property {Group[]} groups A test belongs to the last group that names it, and to one for each
 *   assignment of the ends.
 * @property {Record<string, string>} exceptions Tests that do not pass: name to reason. A name may
 *   contain `*`. With an end on each, it may be followed by ` (ours is the server)` or
 *   ` (ours is the client)`.
 * @property {Record<string, Record<string, string>>} [exceptionsOn] Those of one runtime only:
 *   "node", "wasmtime", "page".
 * @property {Record<string, string>} [timed] Tests that run once more, alone, when they fail,
 *   likewise with the reason.
 * @property {Record<string, string>} [unsteady] Tests that pass or not as it happens, likewise with
 *   the reason.
 */

/**
 * @param {object} options
 * @param {string} options.source MicroPython's source tree.
 * @param {(settings: string[]) => string} options.interpreter The program to test, with environment
 *   variables built in; takes arguments like MicroPython's unix port.
 * @param {"node" | "wasmtime" | "page"} options.runtime Where it runs.
 * @param {string} [options.peer] Another interpreter, for groups in which it is one of the ends.
 * @param {Expectations} options.expectations
 * @param {RegExp} [options.only] The names of the tests to run, when not all.
 * @param {string} options.results A folder for results; emptied.
 * @param {(text: string) => void} [options.note] Told what it is at.
 * @returns {Promise<Outcome>}
 */
export async function runMicroPythonTests({ source, interpreter, runtime, peer, expectations, only, results, note = () => {} }) {
  const folder = join(source, "tests");
  const outcome = emptyOutcome();
  /** @type {Set<string>} */
  const seen = new Set();
  const groups = assign(expectations.groups, folder, only);
  const { unsteady = {}, timed = {}, exceptionsOn } = expectations;
  const exceptions = { ...expectations.exceptions, ...exceptionsOn?.[runtime] };
  for (const [index, group] of groups.entries()) {
    if (!group.files.length) continue;
    const place = join(results, String(index));
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    const context = { folder, interpreter: interpreter(group.settings ?? []), peer, place, note };
    const verdicts = await runGroup(group, context);
    const late = group.files.filter((name) => verdicts.get(name)?.result === "fail" && reasonOf(timed, name));
    for (const name of late) {
      const again = join(place, "again");
      mkdirSync(again, { recursive: true });
      const [verdict] = (await runGroup({ ...group, files: [name] }, { ...context, place: again })).values();
      verdicts.set(name, verdict);
    }
    for (const name of group.files) {
      const shown = group.ours ? `${name} (ours is the ${group.ours})` : name;
      seen.add(name).add(shown);
      if (unsteady[shown] && verdicts.get(name)?.result === "fail") outcome.skipped.push({ name: shown, reason: unsteady[shown] });
      else judge(shown, verdicts.get(name), reasonOf(exceptions, shown) ?? reasonOf(exceptions, name), outcome);
    }
  }
  for (const name of Object.keys(exceptions)) {
    if (!only && ![...seen].some((test) => matches(test, name))) outcome.failed.push({ name, details: "is on the list of exceptions, but there is no such test" });
  }
  return outcome;
}

/**
 * The files of each group, every file in the last group that names it, for each assignment of the
 * ends.
 *
 * @param {Group[]} groups
 * @param {string} folder
 * @returns {GroupOfFiles[]}
 */
function assign(groups, folder, only = /^/) {
  const owner = new Map();
  /** @param {Group} group @param {string} file */
  const key = (group, file) => `${group.ours} ${file}`;
  const named = groups.map((group) => ({ ...group, files: group.tests.flatMap((pattern) => expand(pattern, folder)).filter((file) => only.test(file)).sort() }));
  named.forEach((group) => group.files.forEach((file) => owner.set(key(group, file), group)));
  return named.map((group) => ({ ...group, files: group.files.filter((file) => owner.get(key(group, file)) === group) }));
}

/** @param {string} pattern @param {string} folder */
function expand(pattern, folder) {
  const inside = dirname(pattern);
  if (!existsSync(join(folder, inside))) return [];
  return readdirSync(join(folder, inside)).map((name) => `${inside}/${name}`).filter((name) => matches(name, pattern));
}

/** @param {string} name @param {string} pattern */
function matches(name, pattern) {
  const parts = pattern.split("*").map((part) => part.replace(/[.()]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^/]*")}$`).test(name);
}

/** @param {Record<string, string>} exceptions @param {string} name */
function reasonOf(exceptions, name) {
  const pattern = Object.keys(exceptions).find((pattern) => matches(name, pattern));
  return pattern && exceptions[pattern];
}

/**
 * @param {string} name
 * @param {Verdict | undefined} verdict
 * @param {string | undefined} reason Why it is an exception.
 * @param {Outcome} outcome
 */
function judge(name, verdict, reason, outcome) {
  if (verdict?.blocked) outcome.skipped.push({ name, reason: verdict.blocked });
  else if (verdict?.result === "pass" && reason) {
    outcome.failed.push({ name, details: `passes, so it has to be taken off the list of exceptions (there for: ${reason})` });
  } else if (verdict?.result === "pass") outcome.passed++;
  else if (reason) outcome.skipped.push({ name, reason });
  else if (verdict?.result === "skip") outcome.failed.push({ name, details: "skips itself, and is not on the list of exceptions" });
  else outcome.failed.push({ name, details: verdict?.details || "no result" });
}

/**
 * @param {GroupOfFiles} group
 * @param {Context} context
 * @returns {Promise<Map<string, Verdict>>} What came out, by test.
 */
async function runGroup(group, context) {
  if (group.driver === "direct") return runDirectly(group.files, context);
  if (group.driver === "run-tests.py") return runDriver(group, context);
  // All of them listen on the same port, so two runs on one machine take turns.
  return withLock(
    join(CACHE, "multitests.lock"),
    async () => {
      if (await portIsFree(MULTITEST_PORT)) return runDriver(group, context);
      const blocked = `port ${MULTITEST_PORT}, which the test listens on, is in use on this machine`;
      return new Map(group.files.map((name) => [name, { blocked }]));
    },
    context.note,
  );
}

/** @param {GroupOfFiles} group @param {Context} context @returns {Promise<Map<string, Verdict>>} */
async function runDriver({ driver, files, ours }, { folder, interpreter, peer, place, note }) {
  const ends = ours ? { server: [interpreter, peer], client: [peer, interpreter] }[ours] : [];
  const instances = ends.flatMap((program) => ["-i", `exec:${program}`]);
  const { output } = await run("python3", [driver, ...instances, "--result-dir", place, ...files], {
    cwd: folder,
    env: { MICROPY_MICROPYTHON: interpreter, PYTHONDONTWRITEBYTECODE: "1" },
    log: join(place, "output.log"),
    quietLimit: QUIET_LIMIT,
    onLine: note,
  });
  const file = join(place, "_results.json");
  if (!existsSync(file)) {
    const details = `${driver} did not finish:\n${output.split("\n").slice(-30).join("\n")}`;
    return new Map(files.map((name) => [name, { result: "fail", details }]));
  }
  const { results } = JSON.parse(readFileSync(file, "utf8"));
  return new Map(results.map((/** @type {[string, Verdict["result"]]} */ [name, result]) => [name, { result, details: detailsOf(name, place, output) }]));
}

/**
 * What a failing test printed, and what it should have printed.
 *
 * @param {string} name
 * @param {string} place
 * @param {string} output Of the driver.
 */
function detailsOf(name, place, output) {
  const file = join(place, name.replaceAll("/", "_"));
  if (existsSync(`${file}.out`)) {
    const expected = existsSync(`${file}.exp`) ? `\nexpected:\n${readFileSync(`${file}.exp`, "utf8")}` : "";
    return `printed:\n${readFileSync(`${file}.out`, "utf8")}${expected}`;
  }
  const begin = output.indexOf(`${name} on `);
  if (begin < 0) return "";
  const rest = output.slice(begin);
  const end = rest.search(/\n(\S+\.py on |\d+ tests performed)/);
  return end < 0 ? rest : rest.slice(0, end);
}

/** @param {number} port @returns {Promise<boolean>} */
function portIsFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "0.0.0.0" }, () => server.close(() => resolve(true)));
  });
}
