import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readCargoTest } from "../../scripts/lib/cargo-test-output.js";
import { withLock } from "../../scripts/lib/lock.js";
import { CommandFailed, check, run } from "../../scripts/lib/run.js";
import { runNodeTests } from "../../scripts/suites/node.js";

const folder = mkdtempSync(join(tmpdir(), "harness-"));
after(() => rmSync(folder, { recursive: true }));

test("cargo test's output is counted over all its binaries, with what failed and why", () => {
  const outcome = readCargoTest(`
running 3 tests
test a::works ... ok
test a::breaks ... FAILED
test a::later ... ignored, needs a server

failures:

---- a::breaks stdout ----
thread 'a::breaks' panicked at src/a.rs:1:1:
left is not right

failures:
    a::breaks

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
`);
  assert.equal(outcome.passed, 5);
  assert.deepEqual(outcome.skipped, [{ name: "a::later", reason: "needs a server" }]);
  assert.equal(outcome.failed[0].name, "a::breaks");
  assert.match(outcome.failed[0].details ?? "", /left is not right/);
});

test("node:test files are counted: groups not, failures once, skips with their reason", async () => {
  const file = join(folder, "sample.test.js");
  writeFileSync(
    file,
    `import { describe, test } from "node:test";
     describe("group", () => {
       test("good", () => {});
       test("bad", () => { throw new Error("on purpose"); });
     });
     test("skipped", { skip: "no server here" }, () => {});`,
  );
  const outcome = await runNodeTests("sample", [file]);
  assert.equal(outcome.passed, 1);
  assert.equal(outcome.failed.length, 1);
  assert.match(outcome.failed[0].name, /bad$/);
  assert.match(outcome.failed[0].details ?? "", /on purpose/);
  assert.equal(outcome.skipped[0].reason, "no server here");
});

test("a test file that cannot be loaded is a failure", async () => {
  const file = join(folder, "broken.test.js");
  writeFileSync(file, `import "./there-is-no-such-file.js";`);
  const outcome = await runNodeTests("broken", [file]);
  assert.equal(outcome.passed, 0);
  assert.equal(outcome.failed.length, 1);
});

test("a program that takes too long is ended, with its children", async () => {
  const begin = Date.now();
  await assert.rejects(run("sh", ["-c", "echo begun; sleep 60 & wait"], { timeout: 0.3 }), (error) => {
    assert(error instanceof CommandFailed);
    assert.match(error.message, /no end after 0.3 s/);
    assert.deepEqual(error.tail, ["begun"]);
    return true;
  });
  await assert.rejects(run("sh", ["-c", "sleep 60"], { quietLimit: 0.2 }), /not a word for 0.2 s/);
  assert(Date.now() - begin < 5000);
});

test("a program that fails or is not there says so", async () => {
  await assert.rejects(check("sh", ["-c", "echo why; exit 3"]), /exit code 3/);
  await assert.rejects(run("there-is-no-such-program", []), /ENOENT/);
});

test("a script that throws exits with 1 and shows why, whatever its error carries", () => {
  const script = `
    import { runMain } from ${JSON.stringify(new URL("../../scripts/lib/progress.js", import.meta.url).href)};
    await runMain(() => { throw Object.assign(new Error("on purpose"), { log: ["a line", "another"] }); });`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /on purpose/);
  assert.doesNotMatch(stderr, /TypeError/);
});

test("a script says which option it does not know, and does nothing", () => {
  const setup = fileURLToPath(new URL("../../scripts/setup.js", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [setup, "--test"], { encoding: "utf8" });
  assert.equal(status, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /^\nUnknown option '--test'/);
  assert.doesNotMatch(stderr, /at .*\.js/);
});

test("a lock lets one in at a time, and a dead holder's is taken away", async () => {
  const path = join(folder, "lock");
  const dead = spawnSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }).stdout.trim();
  writeFileSync(path, dead);
  /** @type {string[]} */
  const order = [];
  const slow = withLock(path, async () => {
    order.push("first in");
    assert.equal(Number(readFileSync(path, "utf8")), process.pid);
    await new Promise((resolve) => setTimeout(resolve, 300));
    order.push("first out");
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const second = withLock(path, async () => order.push("second in"), () => {});
  await Promise.all([slow, second]);
  assert.deepEqual(order, ["first in", "first out", "second in"]);
  writeFileSync(path, "");
  await withLock(path, async () => order.push("past an empty file"));
  assert.equal(order.at(-1), "past an empty file");
});

test("every suite is a job of the workflow", () => {
  const root = new URL("../../", import.meta.url);
  const workflow = readFileSync(new URL(".github/workflows/ci.yml", root), "utf8");
  const jobs = new Set([...workflow.matchAll(/^ {10}- ([a-z][a-z -]*)$/gm)].flatMap(([, suites]) => suites.split(" ")));
  const listed = /^const SUITES = \[(.*)\];$/m.exec(readFileSync(new URL("scripts/test.js", root), "utf8"))?.[1];
  /** @type {string[]} */
  const suites = JSON.parse(`[${listed}]`);
  const missing = suites.filter((suite) => suite !== "lint" && !jobs.has(suite));
  assert.deepEqual(missing, []);
  assert.match(workflow, /npm run check/); // lint
});
